import type { ProofDiagnostic } from "./diagnostic.ts";

/** A diagnostic for people: where, what, the value, and what to do. One to three lines. */
export function renderProof({ file, pointer, ref, message, code, text, hint }: ProofDiagnostic): string {
  const rule = ref === undefined ? "" : ` rule ${ref},`;
  const at = pointer === "" ? "" : ` ${pointer}:`;
  const lines = [`${file}:${rule}${at} ${message} [${code}]`, ...(text === "" ? [] : [`  ${text}`])];
  return [...lines, ...(hint ? [`  ${hint}`] : [])].join("\n");
}
