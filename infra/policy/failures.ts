import type { Proof, ProofDiagnostic } from "../rules/index.ts";
import type { PolicyListProblem } from "./list.ts";
import type { PolicyDiagnostic } from "./validate.ts";

/** What the validator and the check of lists refuse in a policy that was proved. */
export interface Refusals {
  readonly refused: readonly PolicyDiagnostic[];
  readonly listed: readonly PolicyListProblem[];
}

/**
 * The failures of a proof besides those. An expression that is refused is not reported twice. Where a rule is refused
 * or a list is wrong, no story can run and examples cannot read the list: neither is a mistake of its own.
 */
export function proofFailures({ diagnostics }: Proof, { refused, listed }: Refusals): readonly ProofDiagnostic[] {
  const isListWrong = listed.some(({ severity }) => severity === "error");
  const rules = new Set(refused.map(({ phase, ref }) => `${phase} ${ref}`));
  return diagnostics
    .filter(({ severity }) => severity === "error")
    .filter(({ code, pointer, phase, ref }) => {
      const isRefused = rules.has(`${phase} ${ref}`);
      if (pointer === "/when") return !isRefused;
      if (code === "example-undetermined") return !isRefused && !isListWrong;
      return code !== "story-not-run" || (refused.length === 0 && !isListWrong);
    });
}

/**
 * What is refused, as problems of files. Of an expression the proof's own words come first: they show the condition
 * without the guard by hostname.
 */
export function refusalsInFiles(proof: Proof, { refused, listed }: Refusals): readonly ProofDiagnostic[] {
  const proved = proof.diagnostics.filter(({ pointer }) => pointer === "/when");
  const names = new Set(proved.map(({ phase, ref }) => `${phase} ${ref}`));
  const others = refused.filter(
    ({ pointer, phase, ref }) => !(pointer.endsWith("/expression") && names.has(`${phase} ${ref}`)),
  );
  return [
    ...proved,
    ...others.map(({ file = "infra/policy", index, pointer, api: _, page: __, ...diagnostic }) => {
      const path =
        index === undefined
          ? pointer
          : pointer
              .split("/")
              .slice(3)
              .map((part) => `/${part}`)
              .join("");
      return { ...diagnostic, file, pointer: path === "/expression" ? "/when" : path };
    }),
    ...listed
      .filter(({ severity }) => severity === "error")
      .map((problem) => ({ ...problem, pointer: "", text: "", span: { start: 0, end: 0 } })),
  ];
}
