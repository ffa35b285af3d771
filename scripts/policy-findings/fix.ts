/** Writes the corrections of findings into the files of the rules. Only corrections that are certain are written. */
import { writeFileSync } from "node:fs";
import { applyEdits } from "../../infra/rules/index.ts";
import { editsOf, type PlacedFinding } from "./findings.ts";
import { policyFile, policyText } from "./policy-file.ts";

export interface Fixes {
  /** Lines for people: what was changed, and what cannot be changed. */
  readonly lines: readonly string[];
  /** Whether a file was written. */
  readonly hasChanged: boolean;
  /** The findings that are still there, at the places where they were before. */
  readonly left: readonly PlacedFinding[];
}

/** Corrects expressions that are one string in their file. One that code puts together is reported instead. */
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
    const compatible = withoutOverlaps(group);
    const corrected = fixOne(compatible, root);
    lines.push(corrected.lines);
    if (corrected.isFixed) for (const finding of compatible) fixed.add(finding);
  }
  return { lines, hasChanged: fixed.size > 0, left: findings.filter((finding) => !fixed.has(finding)) };
}

/** Findings whose edits can all be made at once: of two that overlap, the first in the text. The other stays. */
function withoutOverlaps(group: readonly PlacedFinding[]): readonly PlacedFinding[] {
  const made: PlacedFinding[] = [];
  for (const finding of group.toSorted((a, b) => firstEdit(a) - firstEdit(b))) {
    const others = editsOf(made);
    const isFree = editsOf([finding]).every(({ span }) =>
      others.every((other) => other.span.end <= span.start || span.end <= other.span.start),
    );
    if (isFree) made.push(finding);
  }
  return made;
}

const firstEdit = (finding: PlacedFinding): number => Math.min(...editsOf([finding]).map(({ span }) => span.start));

const startOf = ([first]: readonly PlacedFinding[]): number => first?.literal?.start ?? -1;

function fixOne(group: readonly PlacedFinding[], root: string): { readonly lines: string; readonly isFixed: boolean } {
  const [{ place, literal, isAmbiguous, text, rule, property }] = group as readonly [PlacedFinding];
  const after = applyEdits(text, editsOf(group));
  const change = `  - ${text}\n  + ${after}`;
  const notChanged = (why: string) => ({
    lines: `${place.file}:${place.line} ${rule} ${property} is not changed: ${why}. Change it by hand:\n${change}`,
    isFixed: false,
  });
  if (isAmbiguous) return notChanged("several objects of the file have this ref");
  if (literal === undefined) return notChanged("the file does not have it word for word");
  if (!fitsInQuotes(literal.quote, after)) return notChanged("the corrected text needs escapes");
  const file = policyFile(root, place.file);
  if (file === undefined)
    return notChanged("it is not a file of infra/policy, or it is reached through a symbolic link");
  const source = policyText(file);
  if (source === undefined) return notChanged("the file is not UTF-8");
  const end = literal.start + text.length;
  if (source.slice(literal.start, end) !== text) return notChanged("the file has changed meanwhile");
  writeFileSync(file, source.slice(0, literal.start) + after + source.slice(end));
  return { lines: `${place.file}:${place.line} ${rule} ${property} is changed:\n${change}`, isFixed: true };
}

const fitsInQuotes = (quote: string, text: string): boolean =>
  !text.includes(quote) && !text.includes("\\") && (quote === "`" ? !text.includes("${") : !text.includes("\n"));
