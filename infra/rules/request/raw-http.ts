import type { RequestFacts } from "../evaluate/request.ts";
import { type Defaults, NotationError, shown, splitHeader, toFacts, toVersion } from "./draft.ts";

/** A request as it goes over the wire (RFC 9112), with either line ending. */
export function parseRawHttp(text: string, defaults: Defaults): RequestFacts {
  const end = /\r?\n\r?\n/.exec(text);
  const head = end ? text.slice(0, end.index) : text.replace(/\r?\n$/, "");
  const [first = "", ...lines] = head.split(/\r?\n/);
  const match = /^(\S+) (\S+) (HTTP\/\d(?:\.\d)?)$/.exec(first.trimEnd());
  if (!match?.[2] || !match[3])
    throw new NotationError(`${shown(first)} is no request line; write "GET /path HTTP/1.1"`);
  const body = end ? text.slice(end.index + end[0].length) : "";
  return toFacts(
    {
      method: match[1],
      target: match[2],
      version: toVersion(match[3]),
      headers: lines.map(splitHeader),
      ...(body !== "" && { body }),
    },
    defaults,
  );
}
