import type { Diagnostic } from "../diagnostic.ts";
import type { ProofCode } from "../diagnostic-code.ts";
import { shown } from "../ruleset/diagnostic.ts";
import type { Phase } from "../schema/phases.ts";

export type { ProofCode } from "../diagnostic-code.ts";

/** A problem of a policy's file, as data. `text` is what `span` is a part of: the value at `pointer`. */
export interface ProofDiagnostic extends Diagnostic {
  /** From the project's folder. */
  readonly file: string;
  readonly phase?: Phase;
  readonly ref?: string;
  /** JSON pointer (RFC 6901) from the rule or the story; empty: the whole. */
  readonly pointer: string;
  readonly text: string;
}

/** Where a problem is. */
export type ProofPlace = Pick<ProofDiagnostic, "file" | "phase" | "ref">;

/** A problem of a value. */
export function proofDiagnostic(
  place: ProofPlace,
  code: ProofCode,
  pointer: string,
  value: unknown,
  message: string,
  hint?: string,
): ProofDiagnostic {
  const text = shown(value);
  const span = { start: 0, end: text.length };
  return { code, severity: "error", message, span, ...(hint && { hint }), ...place, pointer, text };
}
