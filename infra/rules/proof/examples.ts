import { compile } from "../evaluate/compile.ts";
import { requestFields } from "../evaluate/request-fields.ts";
import { plainData } from "../plain-data.ts";
import type { Phase } from "../schema/phases.ts";
import { anything, list, object, record, text } from "../schema/shape.ts";
import { Coverage } from "./coverage.ts";
import { type ProofDiagnostic, type ProofPlace, proofDiagnostic } from "./diagnostic.ts";
import type { Examples, ProofInput, RuleToProve } from "./input.ts";
import { type Example, exampleRequests } from "./request.ts";
import { shapeProblems } from "./shape.ts";

/** Examples of one side of a rule. */
const MAX_EXAMPLES = 10_000;

const someText = text({ min: 1 });
const exampleShape = object({
  "request*": someText,
  visitor: someText,
  ip: someText,
  headers: record(text()),
  given: record(anything),
});
const side = list(anything, MAX_EXAMPLES, 0);
const examplesShape = object({ "match*": side, "pass*": side });

/** A copy of the examples as data, or what is wrong with them. */
function readExamples(written: unknown, place: ProofPlace): Examples | readonly ProofDiagnostic[] {
  const plain = plainData(written);
  if (!plain.ok)
    return [proofDiagnostic(place, "wrong-type", `/examples${plain.pointer}`, undefined, plain.message, HOW_TO_WRITE)];
  const problems = dataProblems(plain.value, place);
  return problems.length > 0 ? problems : (plain.value as Examples);
}

function dataProblems(examples: unknown, place: ProofPlace): readonly ProofDiagnostic[] {
  const problems = examples === undefined ? [] : shapeProblems(examplesShape, examples, place, "/examples");
  if (problems.length > 0) return problems;
  const { match = [], pass = [] } = (examples ?? {}) as Partial<Examples>;
  const lacks = [...(match.length === 0 ? ["match"] : []), ...(pass.length === 0 ? ["pass"] : [])].join(" and ");
  if (lacks !== "") {
    const message = `the rule has no examples that it must ${lacks}, so nothing proves it`;
    return [proofDiagnostic(place, "no-examples", "/examples", examples, message, HOW_TO_WRITE)];
  }
  return Object.entries({ match, pass }).flatMap(([name, all]) =>
    all.flatMap((example, index) =>
      shapeProblems(
        typeof example === "string" ? someText : exampleShape,
        example,
        place,
        `/examples/${name}/${index}`,
      ),
    ),
  );
}

const HOW_TO_WRITE = 'write requests, as in `examples: { match: ["GET /old"], pass: ["GET /"] }`';

/** What the examples of a rule show. */
export interface ExamplesResult {
  readonly diagnostics: readonly ProofDiagnostic[];
  readonly tried: number;
  /** Absent where the expression does not compile. */
  readonly coverage?: Coverage;
}

/** Tries a rule on its examples, alone, also where it is not enabled. */
export function proveExamples(
  rule: RuleToProve,
  phase: Phase,
  { plan, lists, ...setting }: Pick<ProofInput, "plan" | "host" | "visitors"> & { readonly lists: CompiledLists },
): ExamplesResult {
  const { file, when } = rule.source;
  const place: ProofPlace = { file, phase, ref: rule.ref };
  const compiled = compile(rule.expression, { phase, plan, lists });
  if (!compiled.ok) {
    const shift = startOfWhen(rule);
    const diagnostics = compiled.diagnostics.map(({ span, ...diagnostic }) => ({
      ...diagnostic,
      ...place,
      span: { start: Math.max(0, span.start - shift), end: Math.max(0, span.end - shift) },
      pointer: "/when",
      text: when,
    }));
    return { diagnostics, tried: 0 };
  }
  const coverage = new Coverage(compiled);
  const examples = readExamples(rule.source.examples, place);
  if (!("match" in examples)) return { diagnostics: examples, tried: 0, coverage };
  const diagnostics: ProofDiagnostic[] = [];
  const run = (example: Example, pointer: string, expected: boolean) => {
    const read = exampleRequests(example, setting);
    if (!read.ok) {
      diagnostics.push(proofDiagnostic(place, "no-request", pointer, example, read.message));
      return;
    }
    for (const request of read.requests) {
      const { value, undetermined } = coverage.add(request);
      if (value === expected) continue;
      const own = compile(when, { phase, plan, lists });
      const reading = own.ok ? own.read(requestFields(request)) : undefined;
      // where the condition itself has another result, the guard in front of it decides
      const why = reading?.value === value ? reading?.why : "the request is for none of the site's hostnames";
      const must = expected ? "the rule must match this request" : "the rule must not match this request";
      const [code, message, hint] =
        value === undefined
          ? ([
              "example-undetermined",
              `${must}, but nothing says what ${undetermined.join(", ")} is`,
              "add the field to `given` of the example, or to the visitor",
            ] as const)
          : ([expected ? "example-not-matched" : "example-matched", `${must}, but ${why}`, undefined] as const);
      diagnostics.push(proofDiagnostic(place, code, pointer, example, message, hint));
    }
  };
  for (const [index, example] of examples.match.entries()) run(example, `/examples/match/${index}`, true);
  for (const [index, example] of examples.pass.entries()) run(example, `/examples/pass/${index}`, false);
  return { diagnostics, tried: examples.match.length + examples.pass.length, coverage };
}

/** Compiled lists by name. */
export type CompiledLists = NonNullable<NonNullable<Parameters<typeof compile>[1]>["lists"]>;

/** Where the author's condition begins in the expression: behind the guard. */
export function startOfWhen({ expression, source: { when } }: Pick<RuleToProve, "expression" | "source">): number {
  return Math.max(0, expression.lastIndexOf(when));
}
