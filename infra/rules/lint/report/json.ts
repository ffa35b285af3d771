import { excerpt, locate } from "../../render.ts";
import type { Finding } from "../lint.ts";

/**
 * Findings as JSON, for programs: `{ findings: [...] }`, each with its place as offsets and as line and column. `span`
 * is a part of the whole text. Where that is longer than 1000 characters, `text` is what is around the place, and
 * `isShortened` is true.
 */
export function jsonReport(findings: readonly Finding[]): string {
  return JSON.stringify(
    { findings: findings.map((finding) => ({ ...shortened(finding), ...locate(finding.text, finding.span.start) })) },
    null,
    2,
  );
}

const MAX_TEXT = 1000;

function shortened(finding: Finding): Finding & { readonly isShortened?: true } {
  const { text, span } = finding;
  if (text.length <= MAX_TEXT) return finding;
  return { ...finding, text: excerpt(text, span.start, span.end).text, isShortened: true };
}
