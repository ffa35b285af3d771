/** Writes corrections that certainly do what was meant into the files of the rules. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { applyEdits } from "../../infra/rules/index.ts";
import { editsOf, type PlacedFinding } from "./findings.ts";

export interface Fixes {
  /** What was changed, or cannot be changed, in lines for people. */
  readonly lines: readonly string[];
  /** The findings that are still there. */
  readonly left: readonly PlacedFinding[];
}

/** Corrects what the files have word for word; what is made by code is reported instead. */
export function fixFindings(findings: readonly PlacedFinding[], root: string): Fixes {
  const byExpression = Map.groupBy(
    findings.filter(({ fix }) => fix !== undefined),
    ({ place, rule, property, phase }) => `${place.file} ${phase} ${rule} ${property}`,
  );
  const fixed = new Set<PlacedFinding>();
  const lines: string[] = [];
  // from the last to the first in each file, so that a change does not move another
  const ordered = [...byExpression.values()].sort((a, b) => startOf(b) - startOf(a));
  for (const group of ordered) {
    const corrected = fixOne(group, root);
    lines.push(corrected.lines);
    if (corrected.isFixed) for (const finding of group) fixed.add(finding);
  }
  return { lines, left: findings.filter((finding) => !fixed.has(finding)) };
}

const startOf = ([first]: readonly PlacedFinding[]): number => first?.literal?.start ?? -1;

function fixOne(group: readonly PlacedFinding[], root: string): { readonly lines: string; readonly isFixed: boolean } {
  const [{ place, literal, text, rule, property }] = group as readonly [PlacedFinding];
  const after = applyEdits(text, editsOf(group));
  const change = `  - ${text}\n  + ${after}`;
  const by = (why: string) => ({
    lines: `${place.file}:${place.line} ${rule} ${property} is not changed: ${why}. Change it by hand:\n${change}`,
    isFixed: false,
  });
  if (literal === undefined) return by("the file does not have it word for word");
  if (!canStandIn(literal.quote, after)) return by("the corrected text needs escapes");
  const file = join(root, place.file);
  const source = readFileSync(file, "utf8");
  const end = literal.start + text.length;
  if (source.slice(literal.start, end) !== text) return by("the file has changed meanwhile");
  writeFileSync(file, source.slice(0, literal.start) + after + source.slice(end));
  return { lines: `${place.file}:${place.line} ${rule} ${property} is changed:\n${change}`, isFixed: true };
}

const canStandIn = (quote: string, text: string): boolean =>
  !text.includes(quote) && !text.includes("\\") && (quote === "`" ? !text.includes("${") : !text.includes("\n"));
