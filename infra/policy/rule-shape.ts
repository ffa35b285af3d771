import { RATE_CLASSES } from "../../backend/surface.ts";
import {
  type Phase,
  type ProofDiagnostic,
  type ProofPlace,
  proofDiagnostic,
  shapeProblems,
  shapes,
} from "../rules/index.ts";
import type { PolicyRule } from "./rule.ts";

const { anything, flag, integer, list, object, oneOf, record, text } = shapes;

/** A day: the longest period of any plan is an hour. */
const MAX_SECONDS = 86_400;
const MAX_REQUESTS = 1_000_000_000;
const MAX_CHARACTERISTICS = 10;

const someText = text({ min: 1 });
const ofAnyPhase = {
  "ref*": someText,
  "description*": someText,
  "when*": someText,
  "action*": someText,
  enabled: flag,
  action_parameters: record(anything),
  logging: object({ "enabled*": flag }),
  guests: oneOf(false),
  examples: anything,
};
const ofCacheRules = { services: oneOf(true) };
const ofRateLimits = {
  limit: object({
    "requests*": integer(1, MAX_REQUESTS),
    "seconds*": integer(1, MAX_SECONDS),
    by: list(someText, MAX_CHARACTERISTICS),
  }),
  ratelimit: record(anything),
  gatewayClass: oneOf(...Object.keys(RATE_CLASSES)),
};

/**
 * What is wrong with a rule as data: unknown members, missing ones, wrong types. Whether Cloudflare would accept the
 * rest is the validator's; what the examples are is checked before they are tried.
 */
export function ruleProblems(rule: unknown, phase: Phase, place: ProofPlace): readonly ProofDiagnostic[] {
  const isLimit = phase === "http_ratelimit";
  const isCacheRule = phase === "http_request_cache_settings";
  const members = { ...ofAnyPhase, ...(isLimit && ofRateLimits), ...(isCacheRule && ofCacheRules) };
  const problems = shapeProblems(object(members), rule, place);
  if (problems.length > 0 || !isLimit) return problems;
  const { limit: own, ratelimit } = rule as PolicyRule;
  if ((own === undefined) !== (ratelimit === undefined)) return problems;
  const message =
    own === undefined
      ? "a rate limit needs /limit (or /ratelimit, in the words of the API)"
      : "a rate limit has either /limit or /ratelimit, and this one has both";
  const code = own === undefined ? "missing-key" : "member-count";
  return [proofDiagnostic(place, code, "/limit", own, message, "write `limit: { requests: 20, seconds: 10 }`")];
}
