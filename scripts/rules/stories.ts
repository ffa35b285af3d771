/**
 * Stories: sequences of requests with times and the verdicts they must get, for what one request cannot show: skips
 * and rate limits. A file is JSON: `{ "story": "...", "plan": "free", "steps": [{ "request": "POST /login from
 * 203.0.113.9", "after": 0.5, "times": 20, "every": 0.1, "response": 401, "expect": "pass", "by": "ref", "status": 429
 * }] }`, times in seconds.
 */

import { readFileSync } from "node:fs";
import type { Site } from "../../infra/policy/index.ts";
import { createEngine, PLANS, type Plan, type RequestFacts, type Verdict } from "../../infra/rules/index.ts";
import { messageOf, UsageError } from "../command-line/index.ts";
import { readRequests, rulesetsOf } from "./options.ts";

export interface Story {
  readonly story: string;
  /** `free` if absent. */
  readonly plan?: Plan;
  readonly steps: readonly Step[];
}

export interface Step {
  /** In any notation that `eval` takes. */
  readonly request: string;
  /** Seconds after the step before; 0 if absent. */
  readonly after?: number;
  /** How often; 1 if absent. */
  readonly times?: number;
  /** Seconds between the repetitions; 0 if absent. */
  readonly every?: number;
  /** Status the origin answers with, where it is asked; 200 if absent. */
  readonly response?: number;
  readonly expect: Verdict["outcome"];
  /** `ref` of the rule that decides. */
  readonly by?: string;
  /** Status of the edge's own answer. */
  readonly status?: number;
}

/** Where a story went otherwise than written; empty if it did not. `visit` sees every request. */
export function runStory(
  story: Story,
  site: Site,
  visit: (request: RequestFacts, plan: Plan) => void,
): readonly string[] {
  const plan = story.plan ?? "free";
  const zone = rulesetsOf(site, plan).map((ruleset) => ({ ...ruleset, id: ruleset.name, kind: "zone" as const }));
  const engine = createEngine({ plan, zone });
  const failures: string[] = [];
  let now = 0;
  for (const [index, step] of story.steps.entries()) {
    now += (step.after ?? 0) * 1000;
    const requests = readRequests(step.request, { host: site.hostnames[0] });
    for (let time = 0; time < (step.times ?? 1); time += 1) {
      if (time > 0) now += (step.every ?? 0) * 1000;
      for (const facts of requests) {
        const request = { ...facts, at: now };
        visit(request, plan);
        const verdict = engine.handle(request);
        if (verdict.outcome === "pass")
          engine.respond(request, verdict, { status: step.response ?? 200, headers: [], fromCache: false, at: now });
        const wrong = compare(step, verdict);
        if (wrong)
          failures.push(`step ${index + 1}, request ${time + 1} at ${now / 1000} s (${step.request}): ${wrong}`);
      }
    }
  }
  return failures;
}

function compare(step: Step, { outcome, by, response, undetermined }: Verdict): string | undefined {
  const got = `${outcome}${by ? ` by ${by.ref}` : ""}${undetermined.length > 0 ? `, for want of ${undetermined.join(", ")}` : ""}`;
  if (outcome !== step.expect) return `expected ${step.expect}, got ${got}`;
  if (step.by !== undefined && step.by !== by?.ref) return `expected it to be decided by ${step.by}, got ${got}`;
  if (step.status !== undefined && step.status !== response?.status)
    return `expected status ${step.status}, got ${response?.status ?? "none"}`;
  return undefined;
}

const OUTCOMES: readonly string[] = ["pass", "block", "challenge", "redirect", "undetermined"];

/** Reads the story of a file. @throws UsageError naming the file and what is wrong */
export function readStory(file: string): Story {
  let value: Partial<Story>;
  try {
    value = JSON.parse(readFileSync(file, "utf8")) as Partial<Story>;
  } catch (error) {
    throw new UsageError(`${file} cannot be read as JSON: ${messageOf(error)}`);
  }
  if (typeof value.story !== "string" || !Array.isArray(value.steps))
    throw new UsageError(`${file} is no story: it needs "story", a text, and "steps", a list`);
  if (value.plan !== undefined && !PLANS.includes(value.plan))
    throw new UsageError(`${file}: there is no plan "${value.plan}"`);
  for (const [index, step] of (value.steps as readonly Partial<Step>[]).entries()) {
    if (typeof step?.request !== "string") throw new UsageError(`${file}: step ${index + 1} has no "request"`);
    if (!OUTCOMES.includes(step.expect ?? ""))
      throw new UsageError(`${file}: step ${index + 1} needs "expect", one of ${OUTCOMES.join(", ")}`);
  }
  return value as Story;
}
