import { type Primitive, parseEscape } from "./escape.ts";
import type { Flags } from "./flags.ts";
import { complement, difference, intersection, type RangeSet, rangeSet, rangesOf, union } from "./range-set.ts";
import type { Scanner } from "./scanner.ts";
import { caseFold, maxScalar } from "./unicode.ts";

const posix: Readonly<Record<string, RangeSet>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a],
  alpha: [0x41, 0x5a, 0x61, 0x7a],
  ascii: [0x00, 0x7f],
  blank: [0x09, 0x09, 0x20, 0x20],
  cntrl: [0x00, 0x1f, 0x7f, 0x7f],
  digit: [0x30, 0x39],
  graph: [0x21, 0x7e],
  lower: [0x61, 0x7a],
  print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e],
  space: [0x09, 0x0d, 0x20, 0x20],
  upper: [0x41, 0x5a],
  word: [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a],
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
};

/** The items of a class so far, with what `regex_syntax` counts against its nesting limit. */
interface ClassItems {
  readonly ranges: (readonly [number, number])[];
  count: number;
  depth: number;
}

interface Operand {
  readonly set: RangeSet;
  readonly depth: number;
}

type ClassOperator = "&&" | "--" | "~~";

type Open =
  | { readonly kind: "bracket"; readonly outer: ClassItems; readonly negated: boolean; readonly at: number }
  | { readonly kind: "operator"; readonly operator: ClassOperator; readonly left: Operand };

export interface ParsedClass {
  /** Scalar values with the flag `u`, else bytes. */
  readonly set: RangeSet;
  readonly depth: number;
  /** Offset of something that needs the flag `u`. */
  readonly needsUnicode: number | undefined;
}

/** The members of a set and whatever differs from them by case only. */
export function foldSet(set: RangeSet, flags: Flags): RangeSet {
  if (!flags.i) return set;
  if (flags.u) return caseFold(set);
  const shifted = (letters: RangeSet, by: number): (readonly [number, number])[] =>
    rangesOf(intersection(set, letters)).map(([low, high]) => [low + by, high + by]);
  return rangeSet([...rangesOf(set), ...shifted([0x41, 0x5a], 32), ...shifted([0x61, 0x7a], -32)]);
}

/** Parses a bracketed class, nested classes and set operators included; the scanner is at its `[`. */
export function parseClass(scanner: Scanner, flags: Flags): ParsedClass {
  return new ClassParser(scanner, flags).parse();
}

class ClassParser {
  readonly #scanner: Scanner;
  readonly #flags: Flags;
  readonly #max: number;
  readonly #open: Open[] = [];
  #needsUnicode: number | undefined;

  constructor(scanner: Scanner, flags: Flags) {
    this.#scanner = scanner;
    this.#flags = flags;
    this.#max = flags.u ? maxScalar : 0xff;
  }

  parse(): ParsedClass {
    const scanner: Scanner = this.#scanner;
    let items: ClassItems = { ranges: [], count: 0, depth: 0 };
    for (;;) {
      scanner.skipSpace();
      if (scanner.isAtEnd) this.#unclosed();
      const { char } = scanner;
      if (char === "[") {
        const named = this.#open.length > 0 ? this.#posixClass() : undefined;
        if (named) this.#add(items, named);
        else items = this.#bracket(items);
      } else if (char === "]") {
        const closed = this.#close(items);
        if (closed.outer === undefined) return { ...closed.operand, needsUnicode: this.#needsUnicode };
        items = closed.outer;
      } else if ((char === "&" || char === "-" || char === "~") && scanner.peek() === char) {
        scanner.advanceIf(char + char);
        const left = this.#combine(this.#operand(items));
        this.#open.push({ kind: "operator", operator: `${char}${char}` as ClassOperator, left });
        items = { ranges: [], count: 0, depth: 0 };
      } else this.#range(items);
    }
  }

  #add(items: ClassItems, set: RangeSet, depth = 0): void {
    items.ranges.push(...rangesOf(set));
    items.count += 1;
    items.depth = Math.max(items.depth, depth);
  }

  #bracket(outer: ClassItems): ClassItems {
    const scanner: Scanner = this.#scanner;
    const at = scanner.position;
    const unclosed = (): void => {
      if (!scanner.advanceAndSkipSpace()) scanner.fail("unclosed character class", at);
    };
    unclosed();
    const negated = scanner.is("^");
    if (negated) unclosed();
    const items: ClassItems = { ranges: [], count: 0, depth: 0 };
    while (scanner.is("-")) {
      this.#add(items, [0x2d, 0x2d]);
      unclosed();
    }
    if (items.count === 0 && scanner.is("]")) {
      this.#add(items, [0x5d, 0x5d]);
      unclosed();
    }
    this.#open.push({ kind: "bracket", outer, negated, at });
    return items;
  }

  #close(items: ClassItems): { readonly outer: ClassItems | undefined; readonly operand: Operand } {
    const inner = this.#combine(this.#operand(items));
    const open = this.#open.pop();
    if (open?.kind !== "bracket") throw new Error("invariant: a class is closed that was not opened");
    this.#scanner.advance();
    const set = open.negated ? complement(inner.set, this.#max) : inner.set;
    const operand = { set, depth: inner.depth + 1 };
    if (this.#open.length === 0) return { outer: undefined, operand };
    this.#add(open.outer, operand.set, operand.depth);
    return { outer: open.outer, operand };
  }

  #operand(items: ClassItems): Operand {
    return { set: foldSet(rangeSet(items.ranges), this.#flags), depth: items.depth + (items.count > 1 ? 1 : 0) };
  }

  /** Applies the operator that waits for this right side, if one does. All operators bind alike, from the left. */
  #combine(right: Operand): Operand {
    const open = this.#open.at(-1);
    if (open?.kind !== "operator") return right;
    this.#open.pop();
    const { left, operator } = open;
    const depth = Math.max(left.depth, right.depth) + 1;
    const both = intersection(left.set, right.set);
    if (operator === "&&") return { set: both, depth };
    if (operator === "--") return { set: difference(left.set, right.set, this.#max), depth };
    return { set: difference(union(left.set, right.set), both, this.#max), depth };
  }

  /** `[:alpha:]` and its kin; undefined, with nothing read, for anything else. */
  #posixClass(): RangeSet | undefined {
    const scanner: Scanner = this.#scanner;
    const start = scanner.position;
    if (scanner.advanceIf("[:")) {
      const negated = scanner.advanceIf("^");
      const from = scanner.position;
      while (!scanner.isAtEnd && !scanner.is(":")) scanner.advance();
      const name = scanner.slice(from, scanner.position);
      const set = Object.hasOwn(posix, name) ? posix[name] : undefined;
      if (set && scanner.advanceIf(":]")) return negated ? complement(set, this.#max) : set;
    }
    scanner.position = start;
    return undefined;
  }

  /** One character, one escape sequence, or a range of two. */
  #range(items: ClassItems): void {
    const scanner: Scanner = this.#scanner;
    const start = scanner.position;
    const low = this.#primitive();
    scanner.skipSpace();
    if (scanner.isAtEnd) this.#unclosed();
    if (!scanner.is("-") || ["]", "-"].includes(scanner.peekPastSpace())) {
      if (low.kind === "assertion") scanner.fail("invalid escape sequence found in character class", start);
      if (low.kind === "class") this.#add(items, low.set ?? this.#notUnicode(start));
      else this.#add(items, this.#literal(low, start));
      return;
    }
    if (!scanner.advanceAndSkipSpace()) this.#unclosed();
    const end = scanner.position;
    const high = this.#primitive();
    if (low.kind !== "literal") scanner.fail("invalid range boundary, must be a literal", start);
    if (high.kind !== "literal") scanner.fail("invalid range boundary, must be a literal", end);
    if (low.scalar > high.scalar) scanner.fail("invalid character class range, the start must be <= the end", start);
    const [from] = this.#literal(low, start);
    const [to] = this.#literal(high, end);
    this.#add(items, from === undefined || to === undefined ? [] : [from, to]);
  }

  #primitive(): Primitive {
    const scanner: Scanner = this.#scanner;
    if (scanner.char === "\\") return parseEscape(scanner, this.#flags);
    const scalar = scanner.char.codePointAt(0) ?? 0;
    scanner.advance();
    return { kind: "literal", scalar, byte: false };
  }

  #literal(literal: { readonly scalar: number; readonly byte: boolean }, at: number): RangeSet {
    if (!this.#flags.u && literal.scalar > 0x7f && !literal.byte) return this.#notUnicode(at);
    return [literal.scalar, literal.scalar];
  }

  /** Errors of meaning come after all errors of form, as in `regex_syntax`. */
  #notUnicode(at: number): RangeSet {
    this.#needsUnicode ??= at;
    return [];
  }

  #unclosed(): never {
    const open = this.#open.findLast((one) => one.kind === "bracket");
    return this.#scanner.fail("unclosed character class", open?.at);
  }
}
