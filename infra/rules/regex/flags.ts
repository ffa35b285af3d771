import type { Scanner } from "./scanner.ts";

/** The flags in force at one place of a pattern. */
export interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  /** Swaps greedy and lazy. */
  readonly U: boolean;
  /** Unicode; off by default in Cloudflare's `matches`. */
  readonly u: boolean;
  /** `\r\n` ends a line as well. */
  readonly R: boolean;
  /** White space and comments are ignored. */
  readonly x: boolean;
}

export const defaultFlags: Flags = { i: false, m: false, s: false, U: false, u: false, R: false, x: false };

/**
 * Parses the flags after `(?`, up to `:` or `)`, which is left for the caller; returns those in force from here on.
 * The scanner is not at its end.
 */
export function parseFlags(scanner: Scanner, before: Flags): { readonly flags: Flags; readonly count: number } {
  const flags: Record<string, boolean> = { ...before };
  const seen = new Set<string>();
  let negated = false;
  let last = "";
  while (scanner.char !== ":" && scanner.char !== ")") {
    last = scanner.char;
    if (last !== "-" && !Object.hasOwn(flags, last)) scanner.fail("unrecognized flag");
    if (seen.has(last)) scanner.fail(last === "-" ? "flag negation operator repeated" : "duplicate flag");
    seen.add(last);
    if (last === "-") negated = true;
    else flags[last] = !negated;
    if (!scanner.advance()) scanner.fail("expected flag but got end of regex");
  }
  if (last === "-") scanner.fail("dangling flag negation operator", scanner.position - 1);
  const { i = false, m = false, s = false, U = false, u = false, R = false, x = false } = flags;
  return { flags: { i, m, s, U, u, R, x }, count: seen.size };
}
