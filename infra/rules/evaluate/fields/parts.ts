/** Parts of a request that several fields are made from. All text is byte strings. */
import { lowerAscii } from "../match-wildcard.ts";
import type { RequestFacts } from "../request.ts";
import type { Value } from "../value.ts";

/** Names and values in parallel, repeats kept. */
export interface Pairs {
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/** Values by name, each in the order of its lines. */
export function byName(
  pairs: Pairs,
  name: (written: string) => string = (written) => written,
): ReadonlyMap<string, Value> {
  const map = new Map<string, string[]>();
  for (const [at, written] of pairs.names.entries()) {
    const key = name(written);
    const values = map.get(key);
    if (values) values.push(pairs.values[at] ?? "");
    else map.set(key, [pairs.values[at] ?? ""]);
  }
  return map;
}

/** `a=1&b=2`: divided at `&`, then at the first `=`; nothing is decoded. */
export function queryPairs(query: string): Pairs {
  const names: string[] = [];
  const values: string[] = [];
  if (query !== "") {
    for (const pair of query.split("&")) {
      const equals = pair.indexOf("=");
      names.push(equals < 0 ? pair : pair.slice(0, equals));
      values.push(equals < 0 ? "" : pair.slice(equals + 1));
    }
  }
  return { names, values };
}

export function pathOf(uri: string): string {
  const mark = uri.indexOf("?");
  return mark < 0 ? uri : uri.slice(0, mark);
}

/** Without the question mark; empty if there is none. */
export function queryOf(uri: string): string {
  const mark = uri.indexOf("?");
  return mark < 0 ? "" : uri.slice(mark + 1);
}

/** After the last dot of the last segment, lower case; empty for `/.name` and where there is no dot. */
export function extensionOf(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  const dot = file.lastIndexOf(".");
  return dot <= 0 ? "" : lowerAscii(file.slice(dot + 1));
}

/** A header's lines joined, its name in lower case; empty if there is none. */
export function header(facts: RequestFacts, name: string, separator = ", "): string {
  let joined: string | undefined;
  for (const [written, value] of facts.headers) {
    if (written.length !== name.length || lowerAscii(written) !== name) continue;
    joined = joined === undefined ? value : `${joined}${separator}${value}`;
  }
  return joined ?? "";
}

/** Header lines as parallel arrays. */
export function headerPairs(headers: RequestFacts["headers"]): Pairs {
  return { names: headers.map(([name]) => name), values: headers.map(([, value]) => value) };
}
