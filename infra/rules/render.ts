/** Diagnostics for people: place, line, caret, advice; and for programs that expect Cloudflare's own words. */
import { toBytes } from "./bytes.ts";
import type { Diagnostic } from "./diagnostic.ts";

/** Line and column of an offset, both from 1. As in the engine's errors, a column counts bytes. */
export function locate(text: string, offset: number): { readonly line: number; readonly column: number } {
  const line = text.slice(0, offset).split("\n");
  return { line: line.length, column: toBytes(line.at(-1) ?? "").length + 1 };
}

/** The line an offset is on, and how far in. */
function lineAt(text: string, offset: number): { readonly line: string; readonly at: number } {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", offset);
  return { line: text.slice(start, end < 0 ? text.length : end), at: offset - start };
}

/** Characters of a longer line that are shown, and how many of them precede the place. */
const WINDOW = 100;
const BEFORE = 40;
/** A line up to here is shown as a whole. */
const WHOLE = 120;

/** A part of a text around a span, with `…` where something is left out. Offsets in UTF-16 code units. */
export interface Excerpt {
  readonly text: string;
  /** Where the span is in it. */
  readonly start: number;
  readonly end: number;
}

/** The text itself where it is short; otherwise about 100 characters around the span. */
export function excerpt(text: string, start: number, end: number): Excerpt {
  if (text.length <= WHOLE) return { text, start, end };
  const from = Math.max(0, Math.min(start - BEFORE, text.length - WINDOW));
  const to = from + WINDOW;
  const before = from > 0 ? "…" : "";
  // a character of two code units may be cut
  const shown = `${before}${text.slice(from, to).toWellFormed()}${to < text.length ? "…" : ""}`;
  const at = (offset: number) => Math.min(offset, to) - from + before.length;
  return { text: shown, start: at(start), end: at(end) };
}

function picture(text: string, start: number, end: number): { readonly line: string; readonly carets: string } {
  const { line, at } = lineAt(text, start);
  const width = Math.max(1, Math.min(end, start - at + line.length) - start);
  // What precedes is kept as white space, so that the caret is right where tabs are.
  return { line, carets: line.slice(0, at).replace(/[^\t]/g, " ").padEnd(at) + "^".repeat(width) };
}

/** The line of the place and its carets; nothing where there is no text, as of a value that is missing. */
function placed(text: string, start: number, end: number): readonly string[] {
  if (text === "") return [];
  const { line, at } = lineAt(text, start);
  const shown = excerpt(line, at, Math.min(at + end - start, line.length));
  const { carets } = picture(shown.text, shown.start, shown.end);
  return [`  ${shown.text}`, `  ${carets}`];
}

/**
 * Two to four lines: what and where, the line, the caret, and what to do. Of a long line what is around the place.
 */
export function render(diagnostic: Diagnostic, text: string): string {
  const { code, severity, message, span, hint } = diagnostic;
  const { line, column } = locate(text, span.start);
  const told = `${severity} at ${line}:${column}: ${message} [${code}]`;
  return [told, ...placed(text, span.start, span.end), ...(hint ? [`  ${hint}`] : [])].join("\n");
}

/** The text of Cloudflare's own error for a diagnostic, as the Rulesets API returns it. */
export function engineError(diagnostic: Diagnostic, text: string): string {
  const { message, at } = diagnostic.engine ?? { message: diagnostic.message, at: diagnostic.span.start };
  const { line, column } = locate(text, at);
  const { line: shown, carets } = picture(text, at, diagnostic.span.start === at ? diagnostic.span.end : at + 1);
  return `Filter parsing error (${line}:${column}):\n${shown}\n${carets} ${message}\n`;
}
