import { type ComponentChildren, h, type JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { RecordedBody } from "../console-data.ts";
import { ActionsView } from "./actions-view.ts";
import { type ExchangeDetails, ms, read, readable } from "./data.ts";
import { splitOf } from "./requests-view.ts";
import { ruleOf } from "./rule-view.ts";

/** One request in full. `open` shows another one. */
export function ExchangeView({
  ray,
  open,
  close,
}: {
  readonly ray: string;
  readonly open: (ray: string) => void;
  readonly close: () => void;
}): JSX.Element {
  const [details, setDetails] = useState<ExchangeDetails>();
  const [problem, setProblem] = useState("");
  useEffect(() => {
    read<ExchangeDetails>(`/api/requests/${encodeURIComponent(ray)}`).then(setDetails, (error: Error) =>
      setProblem(error.message),
    );
  }, [ray]);
  const back = h("button", { type: "button", onClick: close, ref: focus }, "Back to the list");
  if (problem !== "") return h("section", null, back, h("p", { role: "alert", class: "bad" }, problem));
  if (!details) return h("section", null, back, h("p", { class: "hint" }, "Reading…"));
  const { exchange, bodies, backend, rules } = details;
  const { method, target, status, outcome, rule, failure, totalMs, edgeMs, originMs, client, host } = exchange;
  const { gatewayMs } = backend;
  const split = { ...(edgeMs !== undefined && { edgeMs }), ...(originMs !== undefined && { originMs }) };
  return h(
    "section",
    { "aria-label": "One request" },
    back,
    h("h2", { dir: "auto" }, `${method} ${readable(target)}`),
    h(
      "p",
      null,
      `${status}, `,
      h("span", { class: outcome }, rule === undefined ? outcome : `${outcome} by ${rule}`),
      `, ${ms(totalMs)}: ${splitOf({ ...split, ...(gatewayMs !== undefined && { gatewayMs }) })}`,
    ),
    h("p", { class: "note" }, `${readable(host)} from ${client}, ray ${ray}, ${new Date(exchange.time).toISOString()}`),
    exchange.repeats !== undefined && repeatedOf(exchange.repeats, open),
    h(ActionsView, { exchange, open }),
    failure && h("p", { class: "bad" }, `${failure.code}: ${readable(failure.message)}`),
    titled("Rules", rules.length === 0 ? h("p", { class: "hint" }, "No rule saw it.") : rules.map(ruleOf)),
    titled("Headers as they came", headersOf(exchange.requestHeaders)),
    exchange.forwardedHeaders && titled("Headers at the origin", headersOf(exchange.forwardedHeaders)),
    bodies && titled("Body of the request", bodyOf(bodies.request, `/api/requests/${ray}/image/request`)),
    titled("Headers of the response", headersOf(exchange.responseHeaders)),
    bodies
      ? titled("Body of the response", bodyOf(bodies.response, `/api/requests/${ray}/image/response`))
      : h("p", { class: "hint" }, "The bodies are no longer kept."),
    titled("The backend's log", logOf(backend.lines)),
  );
}

/** Moves the focus to what has replaced the list. */
const focus = (button: HTMLButtonElement | null): void => button?.focus();

const repeatedOf = (repeats: string, open: (ray: string) => void): JSX.Element =>
  h(
    "p",
    { class: "note" },
    "Sent again from the console. It repeats ",
    h("button", { type: "button", onClick: () => open(repeats) }, repeats),
  );

const titled = (title: string, content: ComponentChildren): JSX.Element =>
  h("div", null, h("h3", null, title), content);

function headersOf(lines: readonly (readonly [name: string, value: string])[]): JSX.Element {
  return h("pre", { tabIndex: 0 }, lines.map(([name, value]) => `${name}: ${readable(value)}`).join("\n"));
}

function bodyOf(body: RecordedBody, image: string): JSX.Element {
  const { bytes, kind, content, type, isCut } = body;
  if (bytes === 0) return h("p", { class: "hint" }, "None.");
  const size = `${bytes} bytes${type === "" ? "" : ` of ${type}`}${isCut ? "; the first 64 KiB are kept" : ""}`;
  const note = h("p", { class: "note" }, size);
  if (kind === "compressed") {
    return h("div", null, note, h("p", { class: "hint" }, "Not kept: secrets in a compressed body cannot be found."));
  }
  if (kind === "text") return h("div", null, note, h("pre", { tabIndex: 0, dir: "auto" }, indented(content)));
  const isImage = /^image\/(png|jpeg|gif|webp)/.test(type);
  return h(
    "div",
    null,
    note,
    isImage ? h("img", { src: image, alt: "The body, as a picture" }) : h("pre", { tabIndex: 0 }, hexOf(content)),
  );
}

/** The lines of the log, each as JSON with line breaks; the stack of an error as text. */
function logOf(lines: readonly string[]): JSX.Element {
  if (lines.length === 0) return h("p", { class: "hint" }, "The backend logged nothing about it.");
  return h("pre", { tabIndex: 0, dir: "auto" }, lines.map((line) => indented(line).replaceAll("\\n", "\n")).join("\n"));
}

/** JSON with line breaks; other text as it is. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The first 4 KiB as hexadecimal lines of 16 bytes. */
function hexOf(base64: string): string {
  const bytes = atob(base64).slice(0, 4096);
  const hex = [...bytes].map((one) => one.charCodeAt(0).toString(16).padStart(2, "0"));
  const lines: string[] = [];
  for (let at = 0; at < hex.length; at += 16) lines.push(hex.slice(at, at + 16).join(" "));
  return lines.join("\n");
}
