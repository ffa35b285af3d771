import type { Diagnostic } from "../diagnostic.ts";
import type { Expression } from "../language/ast.ts";
import { parseTolerantly } from "../language/parse.ts";
import type { LanguageSchema } from "../schema/schema.ts";
import { type Analysis, analyze, analyzeValue } from "./analyze.ts";
import { availability, type Where } from "./availability.ts";
import { engineErrorOf } from "./engine-error.ts";
import { mergeDiagnostics } from "./merge.ts";
import type { Reader } from "./typed.ts";

/** What is read, and where it runs. */
export interface Subject extends Where {
  readonly schema: LanguageSchema;
  readonly maxDepth?: number;
}

interface Diagnosed {
  readonly tree: Expression;
  /** All mistakes, in the order of the text; the first that is one of the language has the engine's own error. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses and checks a condition. */
export function diagnoseCondition(text: string, subject: Subject): Diagnosed & { readonly analysis: Analysis } {
  const { tree, diagnostics: mistakes } = parseTolerantly(text, subject);
  const analysis = analyze(tree, text, subject.schema);
  return { tree, analysis, diagnostics: collect(text, "condition", subject, mistakes, analysis) };
}

/** Parses and checks a value: a field or a call with its accesses. */
export function diagnoseValue(
  text: string,
  subject: Subject,
): Diagnosed & { readonly analysis: Omit<Analysis, "condition"> & { readonly reader?: Reader } } {
  const { tree, diagnostics: mistakes } = parseTolerantly(text, subject);
  const analysis = analyzeValue(tree, text, subject.schema);
  return { tree, analysis, diagnostics: collect(text, "value", subject, mistakes, analysis) };
}

/** The mistakes of the parser, of the checker and of the place, as one list. */
export function collect(
  text: string,
  form: "condition" | "value",
  subject: Subject,
  mistakes: readonly Diagnostic[],
  analysis: Omit<Analysis, "condition">,
): readonly Diagnostic[] {
  const [first, ...others] = mergeDiagnostics(mistakes, analysis.diagnostics);
  const unavailable = availability(analysis, text, subject);
  if (!first) return unavailable;
  const engine = engineErrorOf(text, subject.schema, form, subject.maxDepth);
  return [{ ...first, ...(engine && { engine }) }, ...others, ...unavailable].sort(
    (a, b) => a.span.start - b.span.start,
  );
}
