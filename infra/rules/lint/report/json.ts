import { locate } from "../../render.ts";
import type { Finding } from "../lint.ts";

/** Findings as JSON, for programs: `{ findings: [...] }`, each with its place as offsets and as line and column. */
export function jsonReport(findings: readonly Finding[]): string {
  return JSON.stringify(
    { findings: findings.map((finding) => ({ ...finding, ...locate(finding.text, finding.span.start) })) },
    null,
    2,
  );
}
