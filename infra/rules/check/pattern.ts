import type { Text } from "../language/ast.ts";
import { wildcardError } from "../language/wildcard.ts";
import { compileRegex, type Regex, type RegexRefusal } from "../regex/index.ts";
import { EXPRESSION_SIZE } from "../schema/limits.ts";
import type { Checker } from "./checker.ts";
import type { Test } from "./typed.ts";

const HINT = "patterns have the syntax of Rust's regex crate: https://docs.rs/regex/latest/regex/#syntax";

/**
 * Compiles a regular expression. Undefined for one that is longer than a whole expression may be: the expression is
 * refused for its length, and compiling would take more time than its text is worth.
 */
export function compilePattern(pattern: string): Regex | RegexRefusal | undefined {
  return pattern.length > EXPRESSION_SIZE.most ? undefined : compileRegex(pattern);
}

/** Checks a regular expression. */
export function checkRegex(checker: Checker, text: Text): Test | undefined {
  checker.regexes.push(text.span);
  // A string that could not be read was reported when it was parsed.
  const compiled = compilePattern(text.value);
  if (!compiled) return undefined;
  if (compiled.ok) return { kind: "matches", regex: compiled };
  const open = checker.text.indexOf('"', text.span.start) + 1;
  const start = Math.min(patternOffset(checker.text, open, text, compiled.at), text.span.end - 1);
  checker.report("bad-regex", { start, end: start + 1 }, `this regular expression is wrong: ${compiled.message}`, HINT);
  return undefined;
}

/** Checks a wildcard pattern. */
export function checkWildcard(checker: Checker, text: Text, strict: boolean): Test | undefined {
  const error = wildcardError(text.value);
  if (!error) return { kind: "wildcard", pattern: text.value, strict };
  checker.report("bad-wildcard", text.span, error.message, error.hint);
  return undefined;
}

/** The offset in the expression of a byte of a pattern; near it where the pattern has escapes. */
function patternOffset(text: string, open: number, node: Text, at: number): number {
  let byte = 0;
  let offset = open;
  let inClass = false;
  while (byte < at && offset < node.span.end) {
    const code = text.codePointAt(offset) ?? 0;
    const character = String.fromCodePoint(code);
    if (node.form === "pattern" && !inClass && character === "\\" && text[offset + 1] === '"') {
      offset += 2;
      byte += 1;
      continue;
    }
    if (character === "[") inClass = true;
    if (character === "]") inClass = false;
    offset += character.length;
    byte += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return offset;
}
