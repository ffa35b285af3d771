import { decodeAt } from "./utf8.ts";

/** Unwinds the parser; {@link compileRegex} turns it into data. */
export class PatternError extends Error {
  /** Offset in the pattern, in bytes. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Reads a pattern scalar value by scalar value; with the flag `x` it passes over white space and comments. */
export class Scanner {
  /** Index of the current scalar value. */
  position = 0;
  /** The flag `x`. */
  ignoreSpace = false;
  readonly #text: readonly string[];
  readonly #offsets: readonly number[];

  constructor(pattern: string) {
    const text: string[] = [];
    const offsets: number[] = [];
    for (let at = 0; at < pattern.length; ) {
      const found = decodeAt(pattern, at);
      if (!found) throw new PatternError("the pattern is not valid UTF-8", at);
      text.push(String.fromCodePoint(found.scalar));
      offsets.push(at);
      at += found.length;
    }
    offsets.push(pattern.length);
    this.#text = text;
    this.#offsets = offsets;
  }

  /** The current character; "" at the end. */
  get char(): string {
    return this.#text[this.position] ?? "";
  }

  is(char: string): boolean {
    return this.char === char;
  }

  get ended(): boolean {
    return this.position >= this.#text.length;
  }

  /** Byte offset of a position, for error messages. */
  offset(position: number = this.position): number {
    return this.#offsets[position] ?? this.#offsets.at(-1) ?? 0;
  }

  slice(from: number, to: number): string {
    return this.#text.slice(from, to).join("");
  }

  fail(message: string, position: number = this.position): never {
    throw new PatternError(message, this.offset(position));
  }

  /** Advances by one; returns whether there is a character. */
  bump(): boolean {
    if (!this.ended) this.position += 1;
    return !this.ended;
  }

  bumpAndSkip(): boolean {
    if (!this.bump()) return false;
    this.skipSpace();
    return !this.ended;
  }

  bumpIf(prefix: string): boolean {
    if (this.slice(this.position, this.position + prefix.length) !== prefix) return false;
    this.position += prefix.length;
    return true;
  }

  skipSpace(): void {
    this.position = this.#afterSpace(this.position);
  }

  peek(): string {
    return this.#text[this.position + 1] ?? "";
  }

  /** The next character that is neither white space nor in a comment. */
  peekPastSpace(): string {
    return this.#text[this.#afterSpace(this.position + 1)] ?? "";
  }

  #afterSpace(from: number): number {
    let at = from;
    if (!this.ignoreSpace) return at;
    for (; at < this.#text.length; at += 1) {
      const char = this.#text[at] ?? "";
      if (isSpace(char)) continue;
      if (char !== "#") break;
      while (at < this.#text.length && this.#text[at] !== "\n") at += 1;
    }
    return at;
  }
}

/** Unicode's White_Space. */
export function isSpace(char: string): boolean {
  return /^\p{White_Space}$/u.test(char);
}
