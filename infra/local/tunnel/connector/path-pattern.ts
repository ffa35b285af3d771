import { compileRegex } from "../../../rules/regex/index.ts";

/** Where Go's syntax (RE2) and Rust's, which runs here, read the same text differently; the first group names what. */
const DIFFERENCES: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\\[QCEuU<>]|\\b\{/, "an escape that only one of Go and Rust knows"],
  [/\(\?[a-zA-Z-]*[xRu]/, "a flag that Go does not know"],
  [/\[\^?(?:\\.|[^\]\\])*(?:\[(?!:)|&&|--|~~)/, "a class within a class, or an operation on classes"],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII begins with them
  [/[^\x00-\x7f]|\\[pP]/, "characters beyond ASCII"],
];

/**
 * Compiles the `path` of an ingress rule: a Go regular expression, unanchored as in cloudflared, matched on the decoded
 * path in linear time. Patterns that mean something else to the engine here are refused; the real cloudflared takes
 * them.
 */
export function compilePath(
  pattern: string,
): { ok: true; matches(path: string): boolean } | { ok: false; message: string } {
  const difference = DIFFERENCES.find(([found]) => found.test(pattern));
  if (difference)
    return { ok: false, message: `path "${pattern}": ${difference[1]} is not supported by the connector in use` };
  const regex = compileRegex(pattern);
  if (!regex.ok) return { ok: false, message: `path "${pattern}" is no regular expression: ${regex.message}` };
  return { ok: true, matches: (path) => regex.test(path) };
}
