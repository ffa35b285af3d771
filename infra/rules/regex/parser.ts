import { foldSet, parseClass } from "./class.ts";
import { isNameCharacter, type Primitive, parseEscape } from "./escape.ts";
import { defaultFlags, type Flags, parseFlags } from "./flags.ts";
import { alternate, concat, empty, type Node } from "./node.ts";
import { complement, type RangeSet } from "./range-set.ts";
import { isSpace, PatternError, Scanner } from "./scanner.ts";
import { maxScalar } from "./unicode.ts";
import { encode, utf8Class } from "./utf8.ts";

/** What the parser has read of one element, with what `regex_syntax` counts against its nesting limit. */
interface Element {
  readonly node: Node;
  readonly depth: number;
  /** Whether a repetition operator may follow: not after flags. */
  readonly repeatable: boolean;
}

/** A group that is not closed yet, or the whole pattern. */
interface OpenGroup {
  readonly at: number;
  /** Number of the capture; undefined for one that does not capture. */
  readonly capture: number | undefined;
  /** Flags to restore when it closes. */
  readonly outer: Flags;
  readonly branches: Element[];
  elements: Element[];
}

export interface ParsedPattern {
  readonly node: Node;
  /** Number of groups that capture. */
  readonly captures: number;
  readonly names: ReadonlyMap<string, number>;
}

/** The limit of `regex_syntax`. */
const maxNesting = 250;

/**
 * Parses Rust's regular expression syntax (https://docs.rs/regex-syntax, Unicode off, invalid UTF-8 allowed) from a
 * byte string that holds UTF-8.
 * @throws {PatternError} where Rust would refuse the pattern, with Rust's message.
 */
export function parsePattern(pattern: string): ParsedPattern {
  return new PatternParser(pattern).parse();
}

class PatternParser {
  readonly #scanner: Scanner;
  readonly #frames: OpenGroup[] = [];
  readonly #names = new Map<string, number>();
  #frame: OpenGroup = { at: 0, capture: undefined, outer: defaultFlags, branches: [], elements: [] };
  #flags: Flags = defaultFlags;
  #captures = 0;
  /** Offset of something that needs Unicode while it is off; reported only when all else is right. */
  #needsUnicode: number | undefined;

  constructor(pattern: string) {
    this.#scanner = new Scanner(pattern);
  }

  parse(): ParsedPattern {
    const scanner: Scanner = this.#scanner;
    for (;;) {
      scanner.skipSpace();
      if (scanner.isAtEnd) break;
      this.#element();
    }
    if (this.#frames.length > 0) scanner.fail("unclosed group", this.#frame.at);
    const { node, depth } = finish(this.#frame);
    if (depth > maxNesting) scanner.fail(`exceed the maximum number of nested parentheses/brackets (${maxNesting})`, 0);
    if (this.#needsUnicode !== undefined) throw new PatternError("Unicode not allowed here", this.#needsUnicode);
    return { node, captures: this.#captures, names: this.#names };
  }

  #push(node: Node, depth = 0, repeatable = true): void {
    this.#frame.elements.push({ node, depth, repeatable });
  }

  #element(): void {
    const scanner: Scanner = this.#scanner;
    const start = scanner.position;
    switch (scanner.char) {
      case "(":
        this.#openGroup();
        return;
      case ")":
        this.#closeGroup();
        return;
      case "|":
        this.#frame.branches.push(sequence(this.#frame.elements));
        this.#frame.elements = [];
        scanner.advance();
        return;
      case "[": {
        const { set, depth, needsUnicode } = parseClass(scanner, this.#flags);
        if (needsUnicode !== undefined) this.#needsUnicode ??= scanner.offset(needsUnicode);
        this.#push(this.#class(set), depth);
        return;
      }
      case "?":
        this.#repeat(0, 1);
        return;
      case "*":
        this.#repeat(0, Number.POSITIVE_INFINITY);
        return;
      case "+":
        this.#repeat(1, Number.POSITIVE_INFINITY);
        return;
      case "{":
        this.#counted();
        return;
      case "\\":
        this.#push(this.#primitive(parseEscape(scanner, this.#flags), start));
        return;
      default:
        this.#push(this.#verbatim(scanner.char));
        scanner.advance();
    }
  }

  #verbatim(char: string): Node {
    const { m, s, u, R } = this.#flags;
    if (char === "^") return { kind: "assertion", assertion: m ? (R ? "start-line-crlf" : "start-line") : "start" };
    if (char === "$") return { kind: "assertion", assertion: m ? (R ? "end-line-crlf" : "end-line") : "end" };
    if (char !== ".") return this.#literal(char.codePointAt(0) ?? 0);
    const ends: RangeSet = s ? [] : R ? [0x0a, 0x0a, 0x0d, 0x0d] : [0x0a, 0x0a];
    return this.#class(complement(ends, u ? maxScalar : 0xff));
  }

  #primitive(primitive: Primitive, start: number): Node {
    if (primitive.kind === "assertion") return { kind: "assertion", assertion: primitive.assertion };
    if (primitive.kind === "class") {
      if (primitive.set) return this.#class(foldSet(primitive.set, this.#flags));
      this.#needsUnicode ??= this.#scanner.offset(start);
      return empty;
    }
    if (primitive.byte && !this.#flags.u)
      return this.#class(foldSet([primitive.scalar, primitive.scalar], this.#flags));
    return this.#literal(primitive.scalar);
  }

  #literal(scalar: number): Node {
    if (this.#flags.i && (this.#flags.u || scalar < 0x80)) return this.#class(foldSet([scalar, scalar], this.#flags));
    return concat(encode(scalar).map((byte): Node => ({ kind: "bytes", set: [byte, byte] })));
  }

  /** One scalar value of the set with the flag `u`, else one byte. */
  #class(set: RangeSet): Node {
    return this.#flags.u ? utf8Class(set) : { kind: "bytes", set };
  }

  #openGroup(): void {
    const scanner: Scanner = this.#scanner;
    const at = scanner.position;
    scanner.advanceAndSkipSpace();
    for (const prefix of ["?=", "?!", "?<=", "?<!"]) {
      if (scanner.advanceIf(prefix))
        scanner.fail("look-around, including look-ahead and look-behind, is not supported", at);
    }
    const outer = this.#flags;
    let capture: number | undefined;
    if (scanner.advanceIf("?P<") || scanner.advanceIf("?<")) {
      this.#captures += 1;
      capture = this.#captures;
      this.#name(capture);
    } else if (scanner.advanceIf("?")) {
      if (scanner.isAtEnd) scanner.fail("unclosed group", at);
      const from = scanner.position - 1;
      const { flags, count } = parseFlags(scanner, this.#flags);
      const ends = scanner.is(")");
      scanner.advance();
      if (ends && count === 0) scanner.fail("repetition operator missing expression", from);
      this.#flags = flags;
      scanner.ignoreSpace = flags.x;
      if (ends) {
        this.#push(empty, 0, false);
        return;
      }
    } else {
      this.#captures += 1;
      capture = this.#captures;
    }
    this.#frames.push(this.#frame);
    this.#frame = { at, capture, outer, branches: [], elements: [] };
  }

  #name(capture: number): void {
    const scanner: Scanner = this.#scanner;
    const from = scanner.position;
    if (scanner.isAtEnd) scanner.fail("unclosed capture group name");
    while (!scanner.is(">")) {
      if (!isNameCharacter(scanner.char, scanner.position === from)) scanner.fail("invalid capture group character");
      if (!scanner.advance()) scanner.fail("unclosed capture group name");
    }
    const name = scanner.slice(from, scanner.position);
    scanner.advance();
    if (name === "") scanner.fail("empty capture group name", from);
    if (this.#names.has(name)) scanner.fail("duplicate capture group name", from);
    this.#names.set(name, capture);
  }

  #closeGroup(): void {
    const scanner: Scanner = this.#scanner;
    const closed = this.#frame;
    const outer = this.#frames.pop();
    if (!outer) scanner.fail("unopened group");
    const { node, depth } = finish(closed);
    this.#frame = outer;
    this.#flags = closed.outer;
    scanner.ignoreSpace = closed.outer.x;
    scanner.advance();
    this.#push(closed.capture === undefined ? node : { kind: "capture", index: closed.capture, node }, depth + 1);
  }

  /** The element that a repetition operator at the scanner applies to. */
  #repeated(): Element {
    const element = this.#frame.elements.pop();
    return element?.repeatable ? element : this.#scanner.fail("repetition operator missing expression");
  }

  #repeat(min: number, max: number): void {
    const { node, depth } = this.#repeated();
    const lazy = this.#scanner.advance() && this.#scanner.advanceIf("?");
    this.#push({ kind: "repeat", node, min, max, greedy: lazy === this.#flags.U }, depth + 1);
  }

  #counted(): void {
    const scanner: Scanner = this.#scanner;
    const start = scanner.position;
    const unclosed = (): never => scanner.fail("unclosed counted repetition", start);
    const { node, depth } = this.#repeated();
    if (!scanner.advanceAndSkipSpace()) unclosed();
    const from = scanner.position;
    const first = this.#decimal();
    if (scanner.isAtEnd) unclosed();
    let max = first;
    if (scanner.is(",")) {
      if (!scanner.advanceAndSkipSpace()) unclosed();
      max = scanner.is("}") ? Number.POSITIVE_INFINITY : this.#decimal();
    }
    const min = first ?? scanner.fail("repetition quantifier expects a valid decimal", from);
    if (max === undefined) scanner.fail("repetition quantifier expects a valid decimal");
    if (!scanner.is("}")) unclosed();
    const lazy = scanner.advanceAndSkipSpace() && scanner.advanceIf("?");
    if (min > max) scanner.fail("invalid repetition count range, the start must be <= the end", start);
    this.#push({ kind: "repeat", node, min, max, greedy: lazy === this.#flags.U }, depth + 1);
  }

  /** A decimal number with white space around it; undefined where there is none. */
  #decimal(): number | undefined {
    const scanner: Scanner = this.#scanner;
    const start = scanner.position;
    while (isSpace(scanner.char)) scanner.advance();
    let text = "";
    while (/^[0-9]$/.test(scanner.char)) {
      text += scanner.char;
      scanner.advanceAndSkipSpace();
    }
    while (isSpace(scanner.char)) scanner.advanceAndSkipSpace();
    if (text !== "" && Number(text) > 0xffffffff) scanner.fail("decimal literal invalid", start);
    return text === "" ? undefined : Number(text);
  }
}

function sequence(elements: readonly Element[]): Element {
  const [only] = elements;
  if (only && elements.length === 1) return only;
  const depth = elements.length === 0 ? 0 : 1 + deepest(elements);
  return { node: concat(elements.map((element) => element.node)), depth, repeatable: true };
}

function finish(frame: OpenGroup): Element {
  const last = sequence(frame.elements);
  if (frame.branches.length === 0) return last;
  const branches = [...frame.branches, last];
  return { node: alternate(branches.map((branch) => branch.node)), depth: 1 + deepest(branches), repeatable: true };
}

function deepest(elements: readonly Element[]): number {
  return elements.reduce((depth, element) => Math.max(depth, element.depth), 0);
}
