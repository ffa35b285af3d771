/**
 * Builders for expressions of the Rules language (https://developers.cloudflare.com/ruleset-engine/rules-language/). A
 * rule may also be written as plain text; what comes from data (paths, hostnames) goes through these, so that no value
 * can end its string early or bind to the wrong operator.
 */

/** Text of one expression. */
export type ExpressionText = string;

/** A quoted string: `\` and `"` escaped, control characters as `\xHH`; the language has no other escapes. */
export function quote(value: string): ExpressionText {
  const escaped = value.replace(/["\\]/g, "\\$&").replace(/\p{Cc}/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    // U+0080..U+009F are two bytes in UTF-8, and \xHH is one byte: they are not escaped
    return code < 0x80 ? `\\x${code.toString(16).padStart(2, "0").toUpperCase()}` : character;
  });
  return `"${escaped}"`;
}

/** True when the field equals one of the values. Values keep their order; items of a set are separated by spaces. */
export function oneOf(field: ExpressionText, values: readonly string[]): ExpressionText {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return `${field} eq ${quote(only)}`;
  return `${field} in {${values.map(quote).join(" ")}}`;
}

/** True when the field starts with the prefix, letter case included. */
export const startsWith = (field: ExpressionText, prefix: string): ExpressionText =>
  `starts_with(${field}, ${quote(prefix)})`;

/** True when the field ends with the suffix, letter case included. */
export const endsWith = (field: ExpressionText, suffix: string): ExpressionText =>
  `ends_with(${field}, ${quote(suffix)})`;

/** True when the field contains the text, letter case included. */
export const contains = (field: ExpressionText, text: string): ExpressionText => `${field} contains ${quote(text)}`;

/** True when the term is not; the term must be one that `and` and `or` of this file made, or a single comparison. */
export const not = (term: ExpressionText): ExpressionText => `not ${term.startsWith("(") ? term : `(${term})`}`;

/** True when the whole field is like the pattern, letter case included; `*` is any number of characters. */
export const strictWildcard = (field: ExpressionText, pattern: string): ExpressionText =>
  `${field} strict wildcard ${quote(pattern)}`;

/** True when the whole field is like the pattern, whatever the letter case; `*` is any number of characters. */
export const wildcard = (field: ExpressionText, pattern: string): ExpressionText =>
  `${field} wildcard ${quote(pattern)}`;

/** True for every request. */
export const ALWAYS: ExpressionText = "true";

/** True when every term is. A term that holds `or` must come from `or` of this file, which brackets it. */
export function and(...terms: readonly ExpressionText[]): ExpressionText {
  return join(
    "and",
    terms.filter((term) => term !== ALWAYS),
    ALWAYS,
  );
}

/** True when at least one term is. */
export function or(...terms: readonly ExpressionText[]): ExpressionText {
  return terms.includes(ALWAYS) ? ALWAYS : join("or", terms, not(ALWAYS));
}

function join(operator: "and" | "or", terms: readonly ExpressionText[], ofNone: ExpressionText): ExpressionText {
  if (terms.length === 0) return ofNone;
  return terms.length === 1 ? terms.join() : `(${terms.join(` ${operator} `)})`;
}
