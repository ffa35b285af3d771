/** The functions that are compiled for their arguments: a pattern is prepared, and an address is not an integer. */
import type { TypedArgument } from "../check/typed.ts";
import { type IpAddress, printIp } from "../language/ip-address.ts";
import { wildcardParts } from "../language/wildcard.ts";
import { compileRegex } from "../regex/index.ts";
import type { Implementation } from "./functions.ts";
import { lowerAscii } from "./match-wildcard.ts";

/** The implementation of `name` for these arguments, if it is one of them. */
export function preparedFunction(name: string, args: readonly TypedArgument[]): Implementation | undefined {
  const [, pattern = "", replacement = "", flags] = args.map((argument) =>
    argument.kind === "literal" ? String(argument.value) : "",
  );
  const [first] = args;
  if (name === "to_string" && first?.kind === "reader" && first.type === "Ip")
    return (ip) => (ip === undefined ? undefined : printIp(ip as IpAddress));
  if (name === "regex_replace") {
    const regex = compileRegex(pattern);
    return (value) => (value === undefined || !regex.ok ? undefined : regex.replaceFirst(value as string, replacement));
  }
  if (name !== "wildcard_replace") return undefined;
  const replace = wildcardReplacer(pattern, replacement, flags === "s");
  return (value) => (value === undefined ? undefined : replace(value as string));
}

/**
 * Replaces a whole value that matches; `${1}` to `${8}` are what the stars took, as little as possible from the left,
 * and `$$` is a dollar sign.
 * https://developers.cloudflare.com/ruleset-engine/rules-language/functions/#wildcard_replace
 */
function wildcardReplacer(pattern: string, replacement: string, strict: boolean): (value: string) => string {
  const parts = wildcardParts(strict ? pattern : lowerAscii(pattern));
  return (value) => {
    const taken = capture(parts, strict ? value : lowerAscii(value), value);
    return taken ? fill(replacement, taken) : value;
  };
}

/** What each star took of `value`, or undefined where `compared`, the same in one case, does not match. */
function capture(parts: readonly string[], compared: string, value: string): readonly string[] | undefined {
  const head = parts[0] ?? "";
  const tail = parts.at(-1) ?? "";
  if (parts.length === 1) return compared === head ? [] : undefined;
  if (compared.length < head.length + tail.length || !compared.startsWith(head) || !compared.endsWith(tail))
    return undefined;
  const end = value.length - tail.length;
  const taken: string[] = [];
  let at = head.length;
  for (const part of parts.slice(1, -1)) {
    const found = compared.indexOf(part, at);
    if (found < 0 || found + part.length > end) return undefined;
    taken.push(value.slice(at, found));
    at = found + part.length;
  }
  taken.push(value.slice(at, end));
  return taken;
}

/** A replacement text with `${n}` and `$$` filled in. */
function fill(replacement: string, taken: readonly (string | undefined)[]): string {
  return replacement.replace(/\$\$|\$\{(\d)\}/g, (_, number?: string) =>
    number ? (taken[Number(number) - 1] ?? "") : "$",
  );
}
