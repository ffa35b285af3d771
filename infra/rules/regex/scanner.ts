import { decodeAt } from "./utf8.ts";

/** Ends the parsing of a pattern that is wrong; {@link compileRegex} catches it and returns its message and offset. */
export class PatternError extends Error {
  /** Offset in the pattern, in bytes. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Reads the Unicode scalar values of a pattern one by one. With the flag `x` it skips white space and comments. */
export class Scanner {
  /** Index of the current scalar value. */
  position = 0;
  /** Whether the flag `x` is set. */
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

  get isAtEnd(): boolean {
    return this.position >= this.#text.length;
  }

  /** Byte offset of a position, for error messages. */
  offset(position: number = this.position): number {
    return this.#offsets[position] ?? this.#offsets.at(-1) ?? 0;
  }

  slice(from: number, to: number): string {
    return this.#text.slice(from, to).join("");
  }

  /** Throws a {@link PatternError} at a position. */
  fail(message: string, position: number = this.position): never {
    throw new PatternError(message, this.offset(position));
  }

  /** Advances by one; returns whether there is a character. */
  advance(): boolean {
    if (!this.isAtEnd) this.position += 1;
    return !this.isAtEnd;
  }

  /** Advances by one and skips white space and comments; returns whether there is a character. */
  advanceAndSkipSpace(): boolean {
    if (!this.advance()) return false;
    this.skipSpace();
    return !this.isAtEnd;
  }

  /** Advances past `prefix` if the pattern goes on with it; returns whether it does. */
  advanceIf(prefix: string): boolean {
    if (this.slice(this.position, this.position + prefix.length) !== prefix) return false;
    this.position += prefix.length;
    return true;
  }

  skipSpace(): void {
    this.position = this.#afterSpace(this.position);
  }

  /** The next character; "" at the end. */
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
