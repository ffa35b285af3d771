import { checkShape } from "../ruleset/shape.ts";
import type { ParameterShape } from "../schema/shape.ts";
import { type ProofCode, type ProofDiagnostic, type ProofPlace, proofDiagnostic } from "./diagnostic.ts";

/**
 * What is wrong with data that nothing else has checked: files of JSON, and values behind a cast. `pointer` is where
 * the value is in its file.
 */
export function shapeProblems(
  shape: ParameterShape,
  value: unknown,
  place: ProofPlace,
  pointer = "",
): readonly ProofDiagnostic[] {
  const problems: ProofDiagnostic[] = [];
  checkShape(
    shape,
    { pointer, value },
    {
      plan: "enterprise",
      expression: () => undefined,
      tell: (at, { code, message, hint }) => {
        // of a rule's data, no shape has a part for one plan or one phase
        problems.push(proofDiagnostic(place, code as ProofCode, at.pointer, at.value, message, hint));
      },
    },
  );
  return problems;
}
