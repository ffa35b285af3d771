/**
 * Proof of a policy: every rule on its examples, and stories through all of them. Pure: policy and stories in,
 * diagnostics out.
 */
export { type ProofCode, type ProofDiagnostic, type ProofPlace, proofDiagnostic } from "./diagnostic.ts";
export type { Examples, ProofInput, RuleToProve, StoryFile } from "./input.ts";
export { type Gaps, type Proof, prove } from "./prove.ts";
export { renderProof } from "./render.ts";
export {
  type Example,
  type ExampleRequest,
  exampleRequests,
  knownVisitor,
  type RequestSetting,
  type Visitors,
} from "./request.ts";
export { shapeProblems } from "./shape.ts";
export type { Story, StoryStep } from "./story.ts";
