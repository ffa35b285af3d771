import { parseVisitor, toBytes, VISITOR_NAMES, type Visitor, visitorName } from "../../rules/index.ts";
import { isMade } from "./again-draft.ts";
import type { RecordedBody, RecordedExchange } from "./console-data.ts";
import { recordedVisitor } from "./recorded-facts.ts";
import { isPrintable, printedBytes, shellWord } from "./shell-word.ts";

/** Names that lead to this machine wherever curl is. */
const LOCAL_AUTHORITY = /^(?:[a-z0-9-]+\.)*localhost(?::\d{1,5})?$/i;
const LOOPBACK = /^(?:127\.|::1$)/;

/** A command that sends a recorded request to the edge at a port, for any POSIX shell. Its secrets stay masked. */
export function curlCommand(exchange: RecordedExchange, body: RecordedBody | undefined, port: number): string {
  const { method, target, requestHeaders } = exchange;
  const has = (name: string) => requestHeaders.some(([other]) => other.toLowerCase() === name);
  const authority = requestHeaders.find(([name]) => name.toLowerCase() === "host")?.[1] ?? "";
  const isLocal = LOCAL_AUTHORITY.test(authority);
  const host = isLocal ? authority.replace(/:\d+$/, "") : "127.0.0.1";
  const content = bytesOf(body);
  const headers = requestHeaders.filter(([name, value]) => !isMade(name, value) && !(isLocal && isHost(name)));
  const visitor = visitorText(recordedVisitor(exchange));
  const lines = [
    ...headers.map(([name, value]) => (value === "" ? `${name};` : `${name}: ${value}`)),
    ...(visitor === undefined ? [] : [`Local-Visitor: ${visitor}`]),
    // those that curl adds by itself
    ...["User-Agent", "Accept"].filter((name) => !has(name.toLowerCase())).map((name) => `${name}:`),
    ...(content !== "" && !has("content-type") ? ["Content-Type:"] : []),
  ];
  const isPlain = isPrintable(content);
  const data = isPlain ? `--data-raw ${shellWord(content)}` : "--data-binary @-";
  // curl parses a URL before it sends it; another target, such as `*`, is sent as it is
  const isUrl = target.startsWith("/") && isPrintable(target);
  const words = [
    `curl --globoff --path-as-is ${shellWord(`http://${host}:${port}${isUrl ? target : "/"}`)}`,
    ...(isUrl ? [] : [`--request-target ${shellWord(target)}`]),
    ...(method === "HEAD" ? ["--head"] : [`-X ${shellWord(method)}`]),
    ...lines.map((line) => `-H ${shellWord(line)}`),
    ...(content === "" ? [] : [data]),
  ];
  const command = words.join(" \\\n  ");
  return content === "" || isPlain ? command : `${printedBytes(content)} |\n${command}`;
}

const isHost = (name: string): boolean => name.toLowerCase() === "host";

/** What is kept of a body, as a byte string. */
function bytesOf(body: RecordedBody | undefined): string {
  if (body === undefined || body.kind === "compressed") return "";
  return body.kind === "text" ? toBytes(body.content) : Buffer.from(body.content, "base64").toString("latin1");
}

/** A visitor as `Local-Visitor` has it; undefined for an ordinary client of this machine, and where no text has it. */
function visitorText({ ip = "", fields = {} }: Visitor): string | undefined {
  if (LOOPBACK.test(ip) && Object.keys(fields).length === 0) return undefined;
  const pairs = Object.entries(fields).map(([field, value]) => {
    const text = Array.isArray(value) ? value.join(",") : String(value);
    const name = VISITOR_NAMES.find((one) => one.field.name === visitorName(field)?.field.name)?.name ?? field;
    return `${name}=${/[";]|^\s|\s$/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text}`;
  });
  const text = [`ip=${ip}`, ...pairs].join("; ");
  const read = parseVisitor(text);
  return read.ok ? toBytes(text) : undefined;
}
