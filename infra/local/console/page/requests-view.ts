import { h, type JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ListedExchange } from "../console-data.ts";
import { clockTime, type ExchangeList, follow, ms, read, readable } from "./data.ts";

/** Rows that are shown without a further request. */
const MAX_ROWS = 200;

const FILTERS = [
  ["text", "Text", "in URLs, headers, reasons"],
  ["status", "Status", "403 or 4xx"],
  ["rule", "Rule", "ref"],
  ["path", "Path", "/api/"],
] as const;
type Filters = Partial<Record<(typeof FILTERS)[number][0], string>>;

/** The live list of requests. `open` is called with the ray of the one that the user chooses. */
export function RequestsView({ open }: { readonly open: (ray: string) => void }): JSX.Element {
  const [filters, setFilters] = useState<Filters>({});
  const [isPaused, setPaused] = useState(false);
  const [rows, setRows] = useState<readonly ListedExchange[]>([]);
  const [problem, setProblem] = useState("");
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== "")).toString();

  useEffect(() => {
    if (isPaused) return;
    const ending = new AbortController();
    const add = (more: readonly ListedExchange[], most = MAX_ROWS) => setRows((known) => merged(known, more, most));
    setProblem("");
    setRows([]);
    const fail = (error: unknown) => {
      if (!ending.signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
    };
    follow(query, ending.signal, ({ exchanges }) => add(exchanges)).catch(fail);
    read<ExchangeList>(`/api/requests?${query}`).then(({ exchanges }) => add(exchanges), fail);
    return () => ending.abort();
  }, [query, isPaused]);

  const older = async () => {
    const before = rows.at(-1)?.seq ?? 0;
    const { exchanges } = await read<ExchangeList>(`/api/requests?${query}&before=${before}`);
    setPaused(true); // the list would be cut to the newest with the next request
    setRows((known) => merged(known, exchanges, known.length + MAX_ROWS));
  };

  return h(
    "section",
    { "aria-label": "Requests" },
    h(
      "form",
      { role: "search", onSubmit: (event: Event) => event.preventDefault() },
      FILTERS.map(([name, title, example]) =>
        h(
          "label",
          { key: name },
          title,
          h("input", {
            name,
            placeholder: example,
            maxLength: 200,
            value: filters[name] ?? "",
            onChange: ({ currentTarget }: { currentTarget: HTMLInputElement }) =>
              setFilters({ ...filters, [name]: currentTarget.value }),
          }),
        ),
      ),
      h("button", { type: "button", "aria-pressed": isPaused, onClick: () => setPaused(!isPaused) }, "Pause"),
    ),
    problem !== "" && h("p", { role: "alert", class: "bad" }, problem),
    h(
      "table",
      { class: "requests" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          COLUMNS.map((title) => h("th", { key: title, scope: "col" }, title)),
        ),
      ),
      h(
        "tbody",
        null,
        rows.map((row) => rowOf(row, open)),
      ),
    ),
    rows.length === 0 ? h("p", { class: "hint" }, "No request yet. Open the site: requests appear here.") : null,
    rows.length > 0 && h("p", null, h("a", { href: `/api/har?${query}`, download: true }, "Download these as HAR")),
    rows.length >= MAX_ROWS ? h("button", { type: "button", onClick: older }, "Show older") : null,
  );
}

const COLUMNS = ["Time", "Method", "Path", "Status", "Verdict", "Visitor", "Duration"];

function rowOf(row: ListedExchange, open: (ray: string) => void): JSX.Element {
  const { ray, time, method, host, path, status, outcome, rule, client, country, repeats } = row;
  return h(
    "tr",
    { key: ray },
    h("td", null, h("button", { type: "button", onClick: () => open(ray) }, clockTime(time))),
    h(
      "td",
      null,
      method === "" ? "(malformed)" : method,
      repeats !== undefined && h("small", { class: "again", title: `Repeats ${repeats}` }, " again"),
    ),
    h("td", { class: "path", title: readable(host), dir: "auto" }, readable(path)),
    h("td", { class: status >= 400 ? "bad" : "" }, String(status)),
    h("td", { class: outcome }, rule === undefined ? outcome : `${outcome}: ${rule}`),
    h("td", null, country === undefined ? client : `${client} ${country}`),
    h("td", { title: splitOf(row) }, ms(row.totalMs)),
  );
}

/** How long the edge, the tunnel and the gateway took. */
export function splitOf({ edgeMs, originMs, gatewayMs }: Partial<ListedExchange>): string {
  if (edgeMs === undefined) return "the edge alone";
  const tunnel = originMs === undefined ? "" : `, tunnel ${ms(Math.max(0, originMs - (gatewayMs ?? 0)))}`;
  return `edge ${ms(edgeMs)}${tunnel}${gatewayMs === undefined ? "" : `, gateway ${ms(gatewayMs)}`}`;
}

/** Both lists, newest first, each exchange once. */
function merged(
  known: readonly ListedExchange[],
  more: readonly ListedExchange[],
  most: number,
): readonly ListedExchange[] {
  const bySeq = new Map([...known, ...more].map((one) => [one.seq, one]));
  return [...bySeq.values()].sort((one, other) => other.seq - one.seq).slice(0, most);
}
