import type { Assertion } from "./node.ts";
import { has } from "./range-set.ts";
import { unicodeClasses } from "./unicode.ts";
import { decodeAt, decodeBefore } from "./utf8.ts";

/** The byte before the beginning and after the end of the input. */
export const edge = -1;

/** Whether a byte counts for `\w` without Unicode. */
export function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || (byte >= 0x61 && byte <= 0x7a)
  );
}

/** Whether an assertion that needs Unicode looks at more than the two bytes beside a position. */
export function isUnicodeAssertion(assertion: Assertion): boolean {
  return assertion.startsWith("unicode-");
}

/** Whether an assertion holds between two bytes ({@link edge} where there is none). Not for Unicode's. */
export function holdsBetweenBytes(assertion: Assertion, before: number, after: number): boolean {
  switch (assertion) {
    case "start":
      return before === edge;
    case "end":
      return after === edge;
    case "start-line":
      return before === edge || before === 0x0a;
    case "end-line":
      return after === edge || after === 0x0a;
    case "start-line-crlf":
      return before === edge || before === 0x0a || (before === 0x0d && after !== 0x0a);
    case "end-line-crlf":
      return after === edge || after === 0x0d || (after === 0x0a && before !== 0x0d);
    default:
      return wordAssertionHolds(assertion as WordAssertion, isWordByte(before), isWordByte(after));
  }
}

/**
 * Whether a Unicode assertion holds at a position of a byte string. Next to invalid UTF-8 there is no word. An
 * assertion that there is no word fails there too, so that it cannot divide the encoding of a scalar value.
 */
export function holdsAtPosition(assertion: Assertion, input: string, at: number): boolean {
  const before = decodeBefore(input, at);
  const after = at < input.length ? decodeAt(input, at)?.scalar : undefined;
  const kind = assertion.slice("unicode-".length) as WordAssertion;
  if (at > 0 && before === undefined && (kind === "not-word-boundary" || kind === "word-start-half")) return false;
  if (at < input.length && after === undefined && (kind === "not-word-boundary" || kind === "word-end-half"))
    return false;
  const isWord = (scalar: number | undefined): boolean => scalar !== undefined && has(unicodeClasses.word(), scalar);
  return wordAssertionHolds(kind, isWord(before), isWord(after));
}

/** What is left of the assertions once lines, edges and Unicode are taken care of. */
type WordAssertion = Extract<Assertion, `word-${string}` | "not-word-boundary">;

function wordAssertionHolds(assertion: WordAssertion, before: boolean, after: boolean): boolean {
  switch (assertion) {
    case "word-boundary":
      return before !== after;
    case "not-word-boundary":
      return before === after;
    case "word-start":
      return !before && after;
    case "word-end":
      return before && !after;
    case "word-start-half":
      return !before;
    case "word-end-half":
      return !after;
  }
}
