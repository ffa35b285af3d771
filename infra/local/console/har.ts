import { STATUS_CODES } from "node:http";
import { fromBytes } from "../../rules/index.ts";
import type { RecordedBody, RecordedExchange, RecordedHeaders } from "./console-data.ts";
import type { FoundExchange } from "./find-exchange.ts";

/** Characters of a HAR file: what the commands of `npm run rules` read. */
const MAX_CHARACTERS = 24 * 1024 * 1024;

/** Recorded requests as HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), the first of them first. */
export function harOf(exchanges: Iterable<Pick<FoundExchange, "exchange" | "bodies">>): string {
  const entries: string[] = [];
  let characters = 0;
  let left = 0;
  for (const found of exchanges) {
    const entry = JSON.stringify(entryOf(found));
    characters += entry.length;
    if (characters > MAX_CHARACTERS) left += 1;
    else entries.push(entry);
  }
  const creator = { name: "Causeway console", version: "1" };
  const comment = `Secrets are masked.${left > 0 ? ` ${left} requests are left out: the file would be too large.` : ""}`;
  const head = JSON.stringify({ version: "1.2", creator, comment });
  return `{"log":${head.slice(0, -1)},"entries":[${entries.join(",\n")}]}}`;
}

function entryOf({ exchange, bodies }: Pick<FoundExchange, "exchange" | "bodies">): object {
  const { time, totalMs, edgeMs = 0, originMs = 0, outcome, rule, ray } = exchange;
  const receive = Math.max(0, totalMs - edgeMs - originMs);
  return {
    startedDateTime: new Date(time).toISOString(),
    time: edgeMs + originMs + receive,
    request: requestOf(exchange, bodies?.request),
    response: responseOf(exchange, bodies?.response),
    cache: {},
    timings: { send: edgeMs, wait: originMs, receive },
    comment: rule === undefined ? outcome : `${outcome} by ${rule}`,
    _ray: ray,
  };
}

function requestOf(exchange: RecordedExchange, body: RecordedBody | undefined): object {
  const { method, scheme, host, target, version = "HTTP/1.1", requestHeaders, requestBytes } = exchange;
  const authority = headerValue(requestHeaders, "host") || host;
  const query = target.includes("?") ? target.slice(target.indexOf("?") + 1).split("&") : [];
  return {
    method: text(method),
    url: text(`${scheme}://${authority}${target}`),
    httpVersion: version,
    cookies: headerValue(requestHeaders, "cookie").split(";").flatMap(cookieOf),
    headers: headersOf(requestHeaders),
    queryString: query.map((pair) => ({ name: decoded(pair.split("=", 1)[0]), value: decoded(afterEquals(pair)) })),
    ...(body && requestBytes > 0 && { postData: postDataOf(body) }),
    headersSize: -1,
    bodySize: requestBytes,
  };
}

/** HAR has no place for the bytes of a request's body that are no text. */
function postDataOf({ kind, content, type, isCut }: RecordedBody): object {
  const comment = kind === "text" ? (isCut ? "The first 64 KiB." : "") : "It is no text, and left out.";
  return { mimeType: text(type), params: [], text: kind === "text" ? content : "", ...(comment && { comment }) };
}

function responseOf({ status, responseHeaders, responseBytes }: RecordedExchange, body?: RecordedBody): object {
  return {
    status,
    statusText: STATUS_CODES[status] ?? "",
    httpVersion: "HTTP/1.1",
    cookies: responseHeaders
      .filter(([name]) => name.toLowerCase() === "set-cookie")
      .flatMap(([, value]) => cookieOf(value.split(";", 1)[0] ?? "")),
    headers: headersOf(responseHeaders),
    content: {
      size: responseBytes,
      mimeType: text(body?.type ?? headerValue(responseHeaders, "content-type")),
      ...(body && body.kind !== "compressed" && { text: body.content }),
      ...(body?.kind === "bytes" && { encoding: "base64" }),
      ...(body?.isCut && { comment: "The first 64 KiB." }),
    },
    redirectURL: text(headerValue(responseHeaders, "location")),
    headersSize: -1,
    bodySize: responseBytes,
  };
}

const headersOf = (lines: RecordedHeaders): object[] =>
  lines.map(([name, value]) => ({ name: text(name), value: text(value) }));

const headerValue = (lines: RecordedHeaders, name: string): string =>
  lines.find(([other]) => other.toLowerCase() === name)?.[1] ?? "";

function cookieOf(pair: string): readonly object[] {
  const name = pair.split("=", 1)[0]?.trim() ?? "";
  return name === "" ? [] : [{ name: text(name), value: text(afterEquals(pair).trim()) }];
}

const afterEquals = (pair: string): string => (pair.includes("=") ? pair.slice(pair.indexOf("=") + 1) : "");

/** A byte string as text, where it is UTF-8. */
const text = (bytes: string): string => fromBytes(bytes) ?? bytes;

function decoded(part = ""): string {
  try {
    return decodeURIComponent(text(part).replaceAll("+", " "));
  } catch {
    return text(part);
  }
}
