import { toBytes } from "../bytes.ts";
import { encodeBase64 } from "../evaluate/encoding.ts";
import type { RequestFacts } from "../evaluate/request.ts";
import { type Defaults, NotationError, shortened, splitHeader, toFacts } from "./draft.ts";

// The long name of each short option (https://curl.se/docs/manpage.html). Options that do not change the request are
// ignored, but those with a value have to be listed, so that the value is not read as the URL.
const LONG_NAMES: Readonly<Record<string, string>> = {
  A: "user-agent",
  H: "header",
  X: "request",
  b: "cookie",
  d: "data",
  e: "referer",
  u: "user",
  I: "head",
  G: "get",
  0: "http1.0",
  o: "output",
  x: "proxy",
  w: "write-out",
  m: "max-time",
};
const OPTIONS_WITH_VALUE = new Set([
  ...["request", "header", "data", "data-raw", "data-binary", "data-ascii", "data-urlencode", "json", "user-agent"],
  ...["referer", "cookie", "user", "url", "output", "proxy", "write-out", "max-time", "connect-timeout", "resolve"],
  ...["cacert", "cert", "key", "retry", "interface", "connect-to", "limit-rate", "cookie-jar"],
]);

interface CurlCommand {
  method?: string;
  url?: string;
  readonly headers: (readonly [string, string])[];
  readonly data: string[];
  /** The option `--get`: the data goes into the query. */
  get: boolean;
  version: RequestFacts["version"];
}

/** Reads a curl command, for example one that a browser has copied. Throws a NotationError for one it cannot read. */
export function parseCurl(text: string, defaults: Defaults): RequestFacts {
  const command: CurlCommand = { headers: [], data: [], get: false, version: "HTTP/1.1" };
  const words = shellWords(text).slice(1);
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (!word.startsWith("-") || word === "-") {
      command.url ??= word;
      continue;
    }
    for (const { name, value } of splitOptions(word)) {
      if (!OPTIONS_WITH_VALUE.has(name)) applyFlag(command, name);
      else {
        const given = value || words[at + 1];
        if (!value) at += 1;
        if (given === undefined) throw new NotationError(`the curl option ${shortened(word)} has no value`);
        applyOption(command, name, given);
      }
    }
  }
  return commandToFacts(command, defaults);
}

/** The options of one word: `-sXPOST` is `-s -X POST`. The value is "" where it is the next word, or there is none. */
function splitOptions(word: string): readonly { readonly name: string; readonly value: string }[] {
  if (word.startsWith("--")) return [{ name: word.slice(2), value: "" }];
  const found: { name: string; value: string }[] = [];
  for (let at = 1; at < word.length; at += 1) {
    const name = LONG_NAMES[word.charAt(at)] ?? word.charAt(at);
    if (OPTIONS_WITH_VALUE.has(name)) return [...found, { name, value: word.slice(at + 1) }];
    found.push({ name, value: "" });
  }
  return found;
}

function applyFlag(command: CurlCommand, name: string): void {
  if (name === "head") command.method ??= "HEAD";
  else if (name === "get") command.get = true;
  else if (name === "http1.0") command.version = "HTTP/1.0";
  else if (/^http2/.test(name)) command.version = "HTTP/2";
  else if (/^http3/.test(name)) command.version = "HTTP/3";
}

function applyOption(command: CurlCommand, name: string, value: string): void {
  if (name === "request") command.method = value;
  else if (name === "url") command.url = value;
  else if (name === "header") {
    // "Name;" sends a header without a value, "Name:" removes one of curl's own
    if (/^[^:]+;$/.test(value)) command.headers.push([value.slice(0, -1), ""]);
    else if (!/^[^:]+:\s*$/.test(value)) command.headers.push(splitHeader(value));
  } else if (name === "user-agent") command.headers.push(["User-Agent", value]);
  else if (name === "referer") command.headers.push(["Referer", value]);
  else if (name === "cookie") command.headers.push(["Cookie", value]);
  else if (name === "user") command.headers.push(["Authorization", `Basic ${encodeBase64(toBytes(value), "p")}`]);
  else if (name === "json") {
    command.data.push(value);
    command.headers.push(["Content-Type", "application/json"], ["Accept", "application/json"]);
  } else if (name === "data-urlencode") command.data.push(urlEncoded(value));
  else if (name.startsWith("data")) {
    if (value.startsWith("@") && name !== "data-raw")
      throw new NotationError(
        `the body of this curl command is in the file ${shortened(value.slice(1))}; write it into the command`,
      );
    command.data.push(value);
  }
}

/** Encodes a value of `--data-urlencode`; of `name=content` only the content. */
function urlEncoded(value: string): string {
  const equals = value.indexOf("=");
  return equals > 0
    ? `${value.slice(0, equals)}=${encodeURIComponent(value.slice(equals + 1))}`
    : encodeURIComponent(value.slice(equals + 1));
}

function commandToFacts(command: CurlCommand, defaults: Defaults): RequestFacts {
  if (command.url === undefined) throw new NotationError("this curl command has no URL");
  const data = command.data.length > 0 ? command.data.join("&") : undefined;
  const target = /^[a-z]+:\/\//i.test(command.url) ? command.url : `http://${command.url}`;
  const has = (name: string) => command.headers.some(([header]) => header.toLowerCase() === name);
  const sent = data !== undefined && !command.get;
  const headers: (readonly [string, string])[] = [
    ...(has("user-agent") ? [] : [["User-Agent", "curl/8"] as const]),
    ...(has("accept") ? [] : [["Accept", "*/*"] as const]),
    ...command.headers,
    ...(sent && !has("content-type") ? [["Content-Type", "application/x-www-form-urlencoded"] as const] : []),
  ];
  const query = data !== undefined && command.get ? `${target.includes("?") ? "&" : "?"}${data}` : "";
  return toFacts(
    {
      method: command.method ?? (sent ? "POST" : "GET"),
      target: target + query,
      version: command.version,
      headers,
      ...(sent && { body: data }),
    },
    defaults,
  );
}

/** Splits text into words as a POSIX shell does: quotes, backslashes, line continuations, and bash's `$'...'`. */
function shellWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const next = text.charAt(at);
    if (/\s/.test(next)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (next === "\\") {
      at += 1;
      const escaped = text.charAt(at) === "\r" ? text.charAt(++at) : text.charAt(at);
      if (escaped !== "\n") word = (word ?? "") + escaped;
    } else if (next === "'" || next === '"' || (next === "$" && text.charAt(at + 1) === "'")) {
      const open = next === "$" ? at + 1 : at;
      const quoted = readShellQuote(text, open, next === "$");
      word = (word ?? "") + quoted.value;
      at = quoted.end;
    } else word = (word ?? "") + next;
  }
  return word === undefined ? words : [...words, word];
}

const ANSI_C_ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Reads the quoted text that begins at `open`. `ansi` says that it is bash's `$'...'`, with escapes like `\n`. */
function readShellQuote(text: string, open: number, ansi: boolean): { readonly value: string; readonly end: number } {
  const quote = text.charAt(open);
  let value = "";
  for (let at = open + 1; at < text.length; at += 1) {
    const next = text.charAt(at);
    if (next === quote) return { value, end: at };
    if (next !== "\\" || (quote === "'" && !ansi)) value += next;
    else if (ansi) {
      const unicode = /^u([0-9a-fA-F]{4})|^x([0-9a-fA-F]{2})/.exec(text.slice(at + 1, at + 6));
      const digits = unicode?.[1] ?? unicode?.[2];
      if (digits) value += String.fromCharCode(Number.parseInt(digits, 16));
      else value += ANSI_C_ESCAPES[text.charAt(at + 1)] ?? text.charAt(at + 1);
      at += unicode ? unicode[0].length : 1;
    } else {
      at += 1;
      if (!/["\\$`\n]/.test(text.charAt(at))) value += "\\";
      if (text.charAt(at) !== "\n") value += text.charAt(at);
    }
  }
  throw new NotationError(`a quote (${quote}) in this curl command is not closed`);
}
