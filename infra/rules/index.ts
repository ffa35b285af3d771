/**
 * The Cloudflare Rules language, offline: `parse` text to a tree, `check` it for a phase and plan, `compile` it to a
 * function, and make the fields of a request with `requestFields`. It needs nothing but JavaScript.
 */

// text
export { fromBytes, toBytes } from "./bytes.ts";
// check
export type { Where } from "./check/availability.ts";
export { check } from "./check/check.ts";
export { didYouMean } from "./check/suggest.ts";
export type { Diagnostic, DiagnosticCode, Severity, Span } from "./diagnostic.ts";
// engine
export { RateCounters, type WindowKind } from "./engine/counters.ts";
export { createEngine, type EngineOptions } from "./engine/engine.ts";
export { loadProblemLine } from "./engine/load.ts";
export type * from "./engine/types.ts";
// evaluate
export {
  type Compiled,
  type CompiledValue,
  type CompileOptions,
  compile,
  compileValue,
  type NotCompiled,
} from "./evaluate/compile.ts";
export { FieldValueError } from "./evaluate/convert.ts";
export { normalizePath } from "./evaluate/fields/normalize-path.ts";
export { compileList, compileLists, ListItemError, type ListSpec } from "./evaluate/lists.ts";
export type { Part, Reading } from "./evaluate/reading.ts";
export type { FieldValue, RequestFacts, ResponseFacts } from "./evaluate/request.ts";
export { fieldsOf, type RequestFields, requestFields } from "./evaluate/request-fields.ts";
export { FieldNotGiven, type Fields, type Value } from "./evaluate/value.ts";
// language
export type * from "./language/ast.ts";
export { MAX_DEPTH, type Parsed, parse } from "./language/parse.ts";
export { print } from "./language/print.ts";
// lint
export { CLOUDFLARE_NETWORKS } from "./lint/cloudflare-networks.ts";
export {
  applyEdits,
  type Edit,
  type Finding,
  githubReport,
  jsonReport,
  LINTS,
  type Lint,
  type LintInput,
  lint,
  type SourcePlace,
  sarifReport,
  textReport,
} from "./lint/index.ts";
// list
export { type ListItemReading, readListItem } from "./list/item.ts";
export { type ListProblem, listProblems } from "./list/problems.ts";
export { type PlainData, plainData, thrownText } from "./plain-data.ts";
// proof
export {
  type Example,
  type ExampleRequest,
  type Examples,
  exampleRequests,
  type Gaps,
  knownVisitor,
  type Proof,
  type ProofCode,
  type ProofDiagnostic,
  type ProofInput,
  type ProofPlace,
  proofDiagnostic,
  prove,
  type RequestSetting,
  type RuleToProve,
  renderProof,
  type Story,
  type StoryFile,
  type StoryStep,
  shapeProblems,
  type Visitors,
} from "./proof/index.ts";
export { type Excerpt, engineError, excerpt, locate, render } from "./render.ts";
// request
export type { Defaults } from "./request/draft.ts";
export { type ParsedRequests, parseRequests } from "./request/notation.ts";
export { type PrintedRequest, printRequest } from "./request/print-request.ts";
export { completeFromVisitor, mergeVisitors, type Visitor, withVisitor } from "./request/visitor.ts";
export { VISITOR_NAMES, type VisitorName, visitorName } from "./request/visitor-names.ts";
export { visitorProblems } from "./request/visitor-problems.ts";
export {
  MAX_VISITOR_LENGTH,
  type ParsedVisitor,
  parseVisitor,
  type VisitorProblemCode,
} from "./request/visitor-text.ts";
// ruleset
export {
  type ApiRefusal,
  MAX_RULESET_DIAGNOSTICS,
  type OtherRuleset,
  type RulesetContext,
  type RulesetDiagnostic,
  type RulesetInput,
  validateRuleset,
  validateRulesets,
} from "./ruleset/index.ts";
export { isObject } from "./ruleset/shape.ts";
// schema
export { FIELDS, type FieldSource, type FieldSpec } from "./schema/fields.ts";
export { FUNCTIONS, type FunctionSpec } from "./schema/functions.ts";
export { MAX_EXPRESSION_LENGTH } from "./schema/limits.ts";
export { LIST_KINDS, LIST_NAME, type ListKind, MAX_LIST_TEXT } from "./schema/lists.ts";
export { isRef } from "./schema/parameters.ts";
export { type Action, isPhase, PHASE_SPECS, type Phase } from "./schema/phases.ts";
export {
  includesPlan,
  MANAGED_RULESETS,
  maxRulesOf,
  PLAN_LIMITS,
  PLANS,
  type Plan,
  type PlanLimits,
  periodsOf,
  planName,
  rateLimitSees,
  timeoutsOf,
} from "./schema/plans.ts";
export { createSchema, type LanguageSchema, localField, SCHEMA } from "./schema/schema.ts";
export type { ParameterShape } from "./schema/shape.ts";
export * as shapes from "./schema/shape.ts";
export { parseType, type Type, typeName } from "./schema/type.ts";
export { printableLiteral, UNPRINTABLE } from "./unprintable.ts";
