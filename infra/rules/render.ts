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

function picture(text: string, start: number, end: number): { readonly line: string; readonly carets: string } {
  const { line, at } = lineAt(text, start);
  const width = Math.max(1, Math.min(end, start - at + line.length) - start);
  // What precedes is kept as white space, so that the caret is right where tabs are.
  return { line, carets: line.slice(0, at).replace(/[^\t]/g, " ").padEnd(at) + "^".repeat(width) };
}

/** Three or four lines: what and where, the line, the caret, and what to do. */
export function render(diagnostic: Diagnostic, text: string): string {
  const { code, severity, message, span, hint } = diagnostic;
  const { line, column } = locate(text, span.start);
  const { line: shown, carets } = picture(text, span.start, span.end);
  const lines = [`${severity} at ${line}:${column}: ${message} [${code}]`, `  ${shown}`, `  ${carets}`];
  return [...lines, ...(hint ? [`  ${hint}`] : [])].join("\n");
}

/** The text of Cloudflare's own error for a diagnostic, as the Rulesets API returns it. */
export function engineError(diagnostic: Diagnostic, text: string): string {
  const { message, at } = diagnostic.engine ?? { message: diagnostic.message, at: diagnostic.span.start };
  const { line, column } = locate(text, at);
  const { line: shown, carets } = picture(text, at, diagnostic.span.start === at ? diagnostic.span.end : at + 1);
  return `Filter parsing error (${line}:${column}):\n${shown}\n${carets} ${message}\n`;
}
