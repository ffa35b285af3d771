import { render } from "../../render.ts";
import type { Finding } from "../lint.ts";

/** Findings for people: rule by rule, each with its line, a caret and advice; the sum at the end. */
export function textReport(findings: readonly Finding[]): string {
  const blocks: string[] = [];
  let last: string | undefined;
  for (const finding of findings) {
    const { place } = finding;
    const where = `${place ? `${place.file}:${place.line} ` : ""}${placeOf(finding)}`;
    if (where !== last) blocks.push(where);
    last = where;
    blocks.push(
      render(finding, finding.text)
        .split("\n")
        .map((line) => `  ${line}`)
        .join("\n"),
    );
  }
  return [...blocks, sum(findings)].join("\n");
}

/** Which rule and which of its properties a finding concerns. */
export function placeOf({ phase, rule, property }: Finding): string {
  return [phase, rule, property].filter((part) => part !== undefined).join(" ");
}

function sum(findings: readonly Finding[]): string {
  const counts = (["error", "warning", "hint"] as const).map((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return `${count} ${severity}${count === 1 ? "" : "s"}`;
  });
  const fixable = findings.filter(({ fix }) => fix !== undefined).length;
  return `${counts.join(", ")}${fixable > 0 ? `; ${fixable} can be corrected automatically` : ""}`;
}
