import type { DiagnosticCode } from "./diagnostic-code.ts";

export type { DiagnosticCode } from "./diagnostic-code.ts";

/** A place in the text of an expression, in UTF-16 code units, the end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Error: Cloudflare would refuse. Warning: a likely mistake. Hint: style. */
export type Severity = "error" | "warning" | "hint";

/** One problem of an expression or a rule, as data. */
export interface Diagnostic {
  /** Stable name of the kind of problem. */
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** What is wrong, in a sentence without a full stop. */
  readonly message: string;
  readonly span: Span;
  /** What to do about it. */
  readonly hint?: string;
  /**
   * The error that Cloudflare's engine gives for the same text, and the offset that it points at. Only the first of
   * several diagnostics has it: the engine stops at its first error.
   */
  readonly engine?: { readonly message: string; readonly at: number };
}
