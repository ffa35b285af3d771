import { type ComponentChildren, h, type JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { DeployedChange, OutboxMail } from "../console-data.ts";
import { clockTime, type ListedConnector, type RuleList, read } from "./data.ts";

/** Milliseconds after which a view reads its data again. */
const REFRESH_MS = 2_000;

/** The newest data of a path of the API, and why it could not be read. */
function useData<T>(path: string): readonly [data: T | undefined, problem: string] {
  const [data, setData] = useState<T>();
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const refresh = () =>
      read<T>(path).then(
        (value) => {
          setData(value);
          setProblem("");
        },
        (error: Error) => setProblem(error.message),
      );
    refresh();
    const timer = setInterval(refresh, REFRESH_MS);
    return () => clearInterval(timer);
  }, [path]);
  return [data, problem];
}

function tableOf(
  columns: readonly string[],
  rows: readonly (readonly ComponentChildren[])[],
  none: string,
): JSX.Element {
  if (rows.length === 0) return h("p", { class: "hint" }, none);
  return h(
    "table",
    null,
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        columns.map((title) => h("th", { key: title, scope: "col" }, title)),
      ),
    ),
    h(
      "tbody",
      null,
      rows.map((cells) =>
        h(
          "tr",
          null,
          // on a phone tables have no head: there each cell shows its title
          cells.map((cell, index) => h("td", { "data-title": columns[index] }, cell)),
        ),
      ),
    ),
  );
}

const alertOf = (problem: string) => problem !== "" && h("p", { role: "alert", class: "bad" }, problem);

/** The rules that are deployed, how often each matched, and the counters of rate limits. */
export function RulesView(): JSX.Element {
  const [data, problem] = useData<RuleList>("/api/rules");
  const rules = (data?.rules ?? []).map(({ ref, phase, action, description, enabled, hits, lastHit }) => [
    ref,
    phase,
    enabled ? action : `${action} (off)`,
    description,
    hits === 0 ? h("span", { class: "hint" }, "never") : String(hits),
    lastHit === undefined ? "" : clockTime(lastHit),
  ]);
  const counters = (data?.counters ?? []).map(({ ref, client, before, after, threshold, period, time }) => [
    ref,
    client,
    `${before}, then ${after}`,
    `${threshold} in ${period / 1000} s`,
    clockTime(time),
  ]);
  return h(
    "section",
    { "aria-label": "Rules" },
    alertOf(problem),
    h("h2", null, "Rules in this run"),
    tableOf(["Rule", "Phase", "Action", "Description", "Hits", "Last hit"], rules, "No rules are deployed."),
    h("h2", null, "Counters of rate limits"),
    tableOf(["Rule", "Client", "Count", "Limit", "Last"], counters, "No counter is open."),
  );
}

/** What was deployed since the start. */
export function DeploymentsView(): JSX.Element {
  const [data, problem] = useData<{ changes: readonly DeployedChange[] }>("/api/deployments");
  const changes = data?.changes ?? [];
  return h(
    "section",
    { "aria-label": "Deployments" },
    alertOf(problem),
    h("h2", null, "Changes of the rules since the start"),
    changes.length === 0 && h("p", { class: "hint" }, "None."),
    changes.map(({ time, zone, rules }) =>
      h(
        "div",
        { class: "rule", key: time },
        h("h3", null, `${clockTime(time)} ${zone}`),
        rules.map(({ ref, before, after }) => [
          h("p", null, `${ref}: ${before === undefined ? "new" : after === undefined ? "removed" : "changed"}`),
          before !== undefined && h("pre", { tabIndex: 0 }, `before\n${before}`),
          after !== undefined && h("pre", { tabIndex: 0 }, `after\n${after}`),
        ]),
      ),
    ),
  );
}

/** The connectors that are connected. */
export function ConnectorsView(): JSX.Element {
  const [data, problem] = useData<{ connectors: readonly ListedConnector[] }>("/api/connectors");
  const rows = (data?.connectors ?? []).map(({ id, version, arch, conns }) => [
    id,
    `${version} ${arch}`,
    conns.map(({ colo_name }) => colo_name).join(", "),
  ]);
  return h(
    "section",
    { "aria-label": "Connectors" },
    alertOf(problem),
    h("h2", null, "Connectors"),
    tableOf(
      ["Connector", "Version", "Connections"],
      rows,
      "No connector is connected: start one with `npm run connector`.",
    ),
  );
}

/** The mails that were written into the outbox. */
export function MailsView(): JSX.Element {
  const [data, problem] = useData<{ mails: readonly OutboxMail[] }>("/api/mails");
  const mails = data?.mails ?? [];
  return h(
    "section",
    { "aria-label": "Mails" },
    alertOf(problem),
    h("h2", null, "Mails that were not sent"),
    mails.length === 0 && h("p", { class: "hint" }, "None."),
    mails.map(({ name, to, subject, date, text }) =>
      h(
        "div",
        { class: "rule", key: name },
        h("h3", { dir: "auto" }, subject),
        h("p", { class: "note" }, `to ${to}, ${date}`),
        h("pre", { tabIndex: 0, dir: "auto" }, text),
      ),
    ),
  );
}
