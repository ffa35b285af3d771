import { excerpt } from "../render.ts";
import type { ProofDiagnostic } from "./diagnostic.ts";

/**
 * A diagnostic for people: where, what, the value, and what to do. One to three lines; of a long value what is around
 * the place.
 */
export function renderProof({ file, pointer, ref, message, code, text, span, hint }: ProofDiagnostic): string {
  const rule = ref === undefined ? "" : ` rule ${ref},`;
  const at = pointer === "" ? "" : ` ${pointer}:`;
  const lines = [
    `${file}:${rule}${at} ${message} [${code}]`,
    ...(text === "" ? [] : [`  ${excerpt(text, span.start, span.end).text}`]),
  ];
  return [...lines, ...(hint ? [`  ${hint}`] : [])].join("\n");
}
