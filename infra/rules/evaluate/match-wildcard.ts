import { wildcardParts } from "../language/wildcard.ts";

/**
 * A matcher of the whole value, in time linear in it: first part, last part, and each middle part as early as it is
 * found.
 */
export function wildcardMatcher(pattern: string, strict: boolean): (value: string) => boolean {
  const parts = wildcardParts(strict ? pattern : lowerAscii(pattern));
  const head = parts[0] ?? "";
  if (parts.length === 1) return strict ? (value) => value === head : (value) => equalsFolded(value, head);
  const tail = parts.at(-1) ?? "";
  const middles = parts.slice(1, -1);
  const least = head.length + tail.length;
  const matchesFolded = (value: string) => {
    if (value.length < least || !value.startsWith(head) || !value.endsWith(tail)) return false;
    let at = head.length;
    const end = value.length - tail.length;
    for (const part of middles) {
      const found = value.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return at <= end;
  };
  return strict ? matchesFolded : (value) => matchesFolded(lowerAscii(value));
}

function equalsFolded(value: string, lower: string): boolean {
  return value.length === lower.length && (value === lower || lowerAscii(value) === lower);
}

// Bytes that JavaScript takes for letters of its own: it would change their case too.
const LATIN = /[\xb5\xc0-\xff]/;
const UPPER = /[A-Z]/;

/** Lower case of ASCII letters alone; bytes above 127 stay. */
export function lowerAscii(text: string): string {
  if (!UPPER.test(text)) return text;
  if (!LATIN.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Upper case of ASCII letters alone. */
export function upperAscii(text: string): string {
  if (!LATIN.test(text)) return text.toUpperCase();
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}
