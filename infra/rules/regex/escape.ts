import type { Flags } from "./flags.ts";
import type { Assertion } from "./node.ts";
import { complement, type RangeSet } from "./range-set.ts";
import { isSpace, type Scanner } from "./scanner.ts";
import { maxScalar, otherScalars, unicodeClasses } from "./unicode.ts";
import { unicodeProperty } from "./unicode-property.ts";

/** What one character or one escape sequence means. */
export type Primitive =
  | {
      readonly kind: "literal";
      readonly scalar: number;
      /** Written as `\xHH`: the byte itself, not its UTF-8 encoding, unless the flag `u` is on. */
      readonly byte: boolean;
    }
  | {
      readonly kind: "class";
      /** Scalar values with the flag `u`, else bytes. `undefined`: a Unicode property where Unicode is off. */
      readonly set: RangeSet | undefined;
    }
  | { readonly kind: "assertion"; readonly assertion: Assertion };

const digits: RangeSet = [0x30, 0x39];
const spaces: RangeSet = [0x09, 0x0d, 0x20, 0x20];
const words: RangeSet = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
const controls = new Map(
  [...["a\x07", "f\x0c", "t\t", "n\n", "r\r", "v\x0b"]].map((pair) => [pair.charAt(0), pair.charCodeAt(1)]),
);
const specialBoundaries = new Map<string, Assertion>([
  ["start", "word-start"],
  ["end", "word-end"],
  ["start-half", "word-start-half"],
  ["end-half", "word-end-half"],
]);
const unicodeAssertions = new Map<Assertion, Assertion>([
  ["word-boundary", "unicode-word-boundary"],
  ["not-word-boundary", "unicode-not-word-boundary"],
  ["word-start", "unicode-word-start"],
  ["word-end", "unicode-word-end"],
  ["word-start-half", "unicode-word-start-half"],
  ["word-end-half", "unicode-word-end-half"],
]);

/** Parses the escape sequence at the backslash under the scanner (`regex_syntax`'s rules, octal off). */
export function parseEscape(scanner: Scanner, flags: Flags): Primitive {
  const start = scanner.position;
  if (!scanner.advance()) scanner.fail("incomplete escape sequence, reached end of pattern prematurely", start);
  const { char } = scanner;
  if (/^[0-9]$/.test(char)) scanner.fail("backreferences are not supported", start);
  if (char === "x" || char === "u" || char === "U") return parseHex(scanner, char);
  if (char === "p" || char === "P") return { kind: "class", set: parseProperty(scanner, flags) };
  scanner.advance();
  if (/^[dswDSW]$/.test(char)) return { kind: "class", set: perlClass(char, flags) };
  const code = controls.get(char);
  if (code !== undefined) return { kind: "literal", scalar: code, byte: false };
  const assertion = parseAssertion(scanner, char, start);
  if (assertion) return { kind: "assertion", assertion: (flags.u && unicodeAssertions.get(assertion)) || assertion };
  // Every other ASCII character but letters and digits may be escaped.
  if (char.charCodeAt(0) > 0x7f || /^[A-Za-z]$/.test(char)) scanner.fail("unrecognized escape sequence", start);
  return { kind: "literal", scalar: char.charCodeAt(0), byte: false };
}

function parseAssertion(scanner: Scanner, char: string, start: number): Assertion | undefined {
  switch (char) {
    case "A":
      return "start";
    case "z":
      return "end";
    case "B":
      return "not-word-boundary";
    case "<":
      return "word-start";
    case ">":
      return "word-end";
    case "b":
      return (scanner.is("{") ? parseSpecialBoundary(scanner, start) : undefined) ?? "word-boundary";
    default:
      return undefined;
  }
}

/** `\b{start}` and the like; `undefined` with the scanner back at the brace where it opens a repetition. */
function parseSpecialBoundary(scanner: Scanner, boundary: number): Assertion | undefined {
  const brace = scanner.position;
  if (!scanner.advanceAndSkipSpace()) {
    scanner.fail(
      "found either the beginning of a special word boundary or a bounded repetition on a \\b with an opening " +
        "brace, but no closing brace",
      boundary,
    );
  }
  const from = scanner.position;
  let name = "";
  while (/^[A-Za-z-]$/.test(scanner.char)) {
    name += scanner.char;
    scanner.advanceAndSkipSpace();
  }
  if (name === "") {
    scanner.position = brace;
    return undefined;
  }
  if (!scanner.is("}"))
    scanner.fail("special word boundary assertion is either unclosed or contains an invalid character", brace);
  scanner.advance();
  return (
    specialBoundaries.get(name) ??
    scanner.fail(
      "unrecognized special word boundary assertion, valid choices are: start, end, start-half or end-half",
      from,
    )
  );
}

const hexDigits = { x: 2, u: 4, U: 8 };

function parseHex(scanner: Scanner, kind: "x" | "u" | "U"): Primitive {
  const unfinished = "incomplete escape sequence, reached end of pattern prematurely";
  if (!scanner.advanceAndSkipSpace()) scanner.fail(unfinished);
  const from = scanner.position;
  const braced = scanner.is("{");
  let hex = "";
  if (braced) {
    while (scanner.advanceAndSkipSpace() && !scanner.is("}")) hex += hexDigit(scanner);
    if (scanner.isAtEnd) scanner.fail(unfinished, from);
    if (hex === "") scanner.fail("hexadecimal literal empty", from);
  } else {
    for (let i = 0; i < hexDigits[kind]; i += 1) {
      if (i > 0 && !scanner.advanceAndSkipSpace()) scanner.fail(unfinished);
      hex += hexDigit(scanner);
    }
  }
  scanner.advanceAndSkipSpace();
  const scalar = Number.parseInt(hex, 16);
  if (scalar > maxScalar || (scalar >= 0xd800 && scalar <= 0xdfff)) {
    scanner.fail("hexadecimal literal is not a Unicode scalar value", from);
  }
  return { kind: "literal", scalar, byte: kind === "x" && !braced };
}

function hexDigit(scanner: Scanner): string {
  return /^[0-9A-Fa-f]$/.test(scanner.char) ? scanner.char : scanner.fail("invalid hexadecimal digit");
}

function perlClass(char: string, flags: Flags): RangeSet {
  const lower = char.toLowerCase();
  const set = flags.u
    ? unicodeClasses[lower === "d" ? "digit" : lower === "s" ? "space" : "word"]()
    : { d: digits, s: spaces, w: words }[lower as "d" | "s" | "w"];
  if (char === lower) return set;
  return flags.u ? otherScalars(set) : complement(set, 0xff);
}

/** `\pL`, `\p{Greek}`, `\P{sc=Greek}`, `\p{gc!=L}`; undefined where Unicode is off. */
function parseProperty(scanner: Scanner, flags: Flags): RangeSet | undefined {
  const negated = scanner.is("P");
  if (!scanner.advanceAndSkipSpace()) scanner.fail("incomplete escape sequence, reached end of pattern prematurely");
  const from = scanner.position;
  let name = scanner.char;
  if (scanner.is("{")) {
    name = "";
    while (scanner.advanceAndSkipSpace() && !scanner.is("}")) name += scanner.char;
    if (scanner.isAtEnd) scanner.fail("incomplete escape sequence, reached end of pattern prematurely");
    scanner.advance();
  } else {
    if (name === "\\") scanner.fail("invalid Unicode character class");
    scanner.advanceAndSkipSpace();
  }
  if (!flags.u) return undefined;
  const [, property = name, operator, value] = /^(.*?)(!=|:|=)(.*)$/su.exec(name) ?? [];
  const set = unicodeProperty(property, value) ?? scanner.fail("Unicode property not found", from);
  return negated !== (operator === "!=") ? otherScalars(set) : set;
}

/** Whether a group's name may have a character (`first`: at its beginning). */
export function isNameCharacter(char: string, first: boolean): boolean {
  return (first ? /^[_\p{Alphabetic}]$/u : /^[_.[\]\p{Alphabetic}\p{N}]$/u).test(char) && !isSpace(char);
}
