/** What the values of arguments and options may be. A value is refused before the command does anything. */

export interface ValueKind<T> {
  /** Completes the sentence "It must be ...". */
  readonly expected: string;
  /** The value of a text; undefined where the text is not allowed. */
  parse(text: string): T | undefined;
}

/** Any text that is not empty and does not begin with a hyphen: such a text is a mistyped option. */
export const text: ValueKind<string> = {
  expected: "a text that does not begin with a hyphen",
  parse: (value) => (value === "" || value.startsWith("-") ? undefined : value),
};

/** One of a list of words. */
export function oneOf<const T extends string>(words: readonly T[]): ValueKind<T> {
  return {
    expected: `one of ${words.join(", ")}`,
    parse: (value) => words.find((word) => word === value),
  };
}

/** A whole number in decimal digits, from `min` to `max`, both included. */
export function wholeNumber(min: number, max: number): ValueKind<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    parse(value) {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      return number >= min && number <= max ? number : undefined;
    },
  };
}
