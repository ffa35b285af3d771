/** Finds what is wrong with a policy, and names it by the properties and places in the files of its authors. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  apiRuleset,
  calledPaths,
  type DeployedRule,
  FOLDERS,
  listSpecs,
  type PolicyListProblem,
  type policyFor,
  policyListProblems,
  type Site,
  SURFACE,
  siteHostnames,
} from "../../infra/policy/index.ts";
import {
  type Edit,
  type Finding,
  lint,
  locate,
  type Plan,
  type ProofDiagnostic,
  type SourcePlace,
} from "../../infra/rules/index.ts";
import { findProperty, type SourceProperty } from "./source-property.ts";

export interface PolicyToCheck {
  readonly policy: Pick<ReturnType<typeof policyFor>, "rulesets" | "lists" | "diagnostics">;
  readonly site: Pick<Site, "hostnames" | "services">;
  readonly plan: Plan;
  /** The project's folder, with the files of the rules. */
  readonly root: string;
}

/** A finding with its place in a file, and the text of its value, where the file has it as one string. */
export type PlacedFinding = Finding & {
  readonly place: SourcePlace;
  readonly literal?: SourceProperty["literal"];
  readonly isAmbiguous?: true;
};

/** First what is wrong outside of rules, then, rule by rule, what Cloudflare would refuse and what the lints find. */
export function findingsOf({ policy, site, plan, root }: PolicyToCheck): readonly PlacedFinding[] {
  const { rulesets, lists, diagnostics } = policy;
  const input = {
    plan,
    rulesets: rulesets.map(apiRuleset),
    hostnames: siteHostnames(site),
    lists: listSpecs(lists),
    calledPaths: calledPaths(SURFACE),
  };
  const listed = policyListProblems(lists, plan).map(findingOfList);
  const findings = [...diagnostics.map(findingOfProof), ...listed, ...lint(input)];
  const rules = new Map<string, DeployedRule>(
    rulesets.flatMap(({ phase, rules: all }) => all.map((rule) => [`${phase} ${rule.ref}`, rule] as const)),
  );
  const places = placeFindings(root);
  return findings.flatMap((finding) => {
    const rule = rules.get(`${finding.phase} ${finding.rule}`);
    if (rule === undefined) return [places(finding, undefined)];
    return isAboutGuard(finding, rule) ? [] : [places(asWritten(finding, rule), rule)];
  });
}

type Unplaced = Finding & { readonly file?: string };

/** The guard by hostnames and paths is the kit's. What Cloudflare would refuse in it is told all the same. */
const isAboutGuard = ({ property, severity, span }: Unplaced, { expression, source }: DeployedRule): boolean =>
  property === "expression" &&
  severity !== "error" &&
  span.start < span.end &&
  span.end <= expression.lastIndexOf(source.when);

const propertyOf = (pointer: string): string => pointer.slice(1).replaceAll("/", ".") || "rule";

const findingOfProof = ({ ref, pointer, ...diagnostic }: ProofDiagnostic): Unplaced => ({
  ...diagnostic,
  ...(ref !== undefined && { rule: ref }),
  property: propertyOf(pointer),
});

/** A finding about a list, which has no expression: the message has what is wrong. */
const findingOfList = (problem: PolicyListProblem): Unplaced => ({
  ...problem,
  property: "items",
  text: "",
  span: { start: 0, end: 0 },
});

/** The properties of a limit as an author writes them, by their names in the API. */
const LIMIT_PROPERTIES: Readonly<Record<string, string>> = {
  requests_per_period: "limit.requests",
  period: "limit.seconds",
  characteristics: "limit.by",
};

/** `ratelimit.characteristics.1` is `limit.by.1`. */
function limitProperty(property: string): string {
  const [, name = "", ...rest] = property.split(".");
  return [LIMIT_PROPERTIES[name] ?? "limit", ...rest].join(".");
}

const NO_HOSTNAMES =
  "leave hostnames out of the rule: the kit adds the site's, in any case of letters; for one hostname of several " +
  "there is onHostnames in infra/policy/hostnames.ts";

/**
 * The finding about what the author wrote: the condition without the guard by hostname, the limit before the plan
 * changed it.
 */
function asWritten(finding: Unplaced, { expression, source }: DeployedRule): Unplaced {
  const { property, span, fix, ...found } = finding;
  // the hint of the lint is for rules without a guard
  const rest = found.code === "host-case" ? { ...found, hint: NO_HOSTNAMES } : found;
  // the finding of an expression that is not a string keeps its place
  if (property !== "expression" || typeof expression !== "string") {
    const isOfLimit = source.limit !== undefined && property.startsWith("ratelimit");
    return isOfLimit ? { ...finding, property: limitProperty(property) } : finding;
  }
  const { when } = source;
  const from = Math.max(0, expression.lastIndexOf(when));
  const clip = (at: number) => Math.min(Math.max(at - from, 0), when.length);
  const [start, end] = [clip(span.start), clip(span.end)];
  const isOutside = start === end && span.start !== span.end;
  const edits = fix?.map((edit) => ({ ...edit, span: { start: edit.span.start - from, end: edit.span.end - from } }));
  const isInside = edits?.every((edit) => edit.span.start >= 0 && edit.span.end <= when.length);
  return {
    ...rest,
    property: "when",
    text: when,
    span: isOutside ? { start: 0, end: when.length } : { start, end },
    ...(edits && isInside && { fix: edits }),
  };
}

/** Gives findings their places. Each file is read once. */
function placeFindings(root: string): (finding: Unplaced, rule: DeployedRule | undefined) => PlacedFinding {
  const files = new Map<string, string>();
  const read = (file: string): string => {
    const known = files.get(file) ?? readFileOr(join(root, file), "");
    files.set(file, known);
    return known;
  };
  return ({ file: named, ...finding }, rule) => {
    const { phase, property } = finding;
    const folder = FOLDERS.find((one) => one.phase === phase)?.folder ?? "infra/policy";
    const file = rule?.source.file ?? named ?? `${folder}/index.ts`;
    const source = read(file);
    const found = finding.rule === undefined ? undefined : findProperty(source, finding.rule, property.split("."));
    const { literal, isAmbiguous } = found ?? {};
    const isWhole = literal !== undefined && literal.text === finding.text;
    const at = found === undefined ? Math.max(0, source.indexOf("export const")) : found.start;
    const { line, column } = locate(source, isWhole ? literal.start + finding.span.start : at);
    return {
      ...finding,
      place: { file, line, column },
      ...(isWhole && { literal }),
      ...(isAmbiguous && { isAmbiguous }),
    };
  };
}

function readFileOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}

/** Edits of several findings of one expression, together. */
export const editsOf = (findings: readonly PlacedFinding[]): readonly Edit[] => findings.flatMap(({ fix = [] }) => fix);
