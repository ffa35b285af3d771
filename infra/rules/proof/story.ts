import { createEngine } from "../engine/engine.ts";
import { loadProblemLine } from "../engine/load.ts";
import type { Engine, Verdict } from "../engine/types.ts";
import type { RequestFacts } from "../evaluate/request.ts";
import { PLANS, type Plan } from "../schema/plans.ts";
import { integer, list, number, object, oneOf, text } from "../schema/shape.ts";
import { type ProofDiagnostic, proofDiagnostic } from "./diagnostic.ts";
import type { ProofInput, StoryFile } from "./input.ts";
import { exampleRequests } from "./request.ts";
import { shapeProblems } from "./shape.ts";

/**
 * A sequence of requests with times and what must happen to each, for what one request cannot show: skips and rate
 * limits.
 */
export interface Story {
  /** What it shows, in a sentence. */
  readonly story: string;
  /** The plan that it is about; any plan if absent. */
  readonly plan?: Plan;
  /** Who sends the requests, by name; the ordinary visitor if absent. */
  readonly visitor?: string;
  readonly steps: readonly StoryStep[];
}

/** Requests that are alike. Times are seconds. */
export interface StoryStep {
  /** In any notation, as in an example. */
  readonly request: string;
  /** Who sends it, by name; the story's visitor if absent. */
  readonly visitor?: string;
  /** Time since the step before; 0 if absent. */
  readonly after?: number;
  /** How often; 1 if absent. */
  readonly times?: number;
  /** Time between the repetitions; 0 if absent. */
  readonly every?: number;
  /** Status that the origin responds with, where the request reaches it; 200 if absent. */
  readonly response?: number;
  /** What happens to each of them. `any`: they are sent, and what happens is not checked. */
  readonly expect: ExpectedOutcome;
  /** `ref` of the rule that decides. */
  readonly by?: string;
  /** Status of the edge's own response. */
  readonly status?: number;
}

type ExpectedOutcome = Verdict["outcome"] | "any";
const OUTCOMES: readonly ExpectedOutcome[] = ["pass", "block", "challenge", "redirect", "undetermined", "any"];
const MAX_STEPS = 1000;
const MAX_TIMES = 10_000;
/** Requests of a story in all: a second of work. A HAR file is several requests in each repetition. */
const MAX_REQUESTS = 100_000;
/** A year: a story's time cannot leave the numbers that are exact. */
const MAX_SECONDS = 31_536_000;
const seconds = number(0, MAX_SECONDS);
const status = integer(100, 599);
const someText = text({ min: 1 });

const stepShape = object({
  "request*": someText,
  "expect*": oneOf(...OUTCOMES),
  visitor: someText,
  after: seconds,
  times: integer(1, MAX_TIMES),
  every: seconds,
  response: status,
  by: someText,
  status,
});
const storyShape = object({
  "story*": someText,
  "steps*": list(stepShape, MAX_STEPS),
  plan: oneOf(...PLANS),
  visitor: someText,
});

export type StoryRead =
  | { readonly ok: true; readonly story: Story }
  | { readonly ok: false; readonly diagnostics: readonly ProofDiagnostic[] };

/** Reads a story and everything that is wrong with it. */
export function readStory({ file, json, problem }: StoryFile): StoryRead {
  if (problem !== undefined)
    return { ok: false, diagnostics: [proofDiagnostic({ file }, "story-unreadable", "", undefined, problem)] };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    const message = `it is not JSON: ${error instanceof Error ? error.message : error}`;
    return { ok: false, diagnostics: [proofDiagnostic({ file }, "story-unreadable", "", json, message)] };
  }
  const diagnostics = shapeProblems(storyShape, value, { file });
  return diagnostics.length === 0 ? { ok: true, story: value as Story } : { ok: false, diagnostics };
}

/** Where the outcome of a story differs from what it expects. `visit` sees every request. */
export function runStory(
  story: Story,
  file: string,
  input: ProofInput,
  visit?: (request: RequestFacts) => void,
): readonly ProofDiagnostic[] {
  const engine = engineOf(input);
  const unrun = engine.problems.filter(({ effect }) => effect === "undetermined").map(loadProblemLine);
  if (unrun.length > 0) {
    const message = `the policy cannot be run, so neither can this story: ${unrun.join("; ")}`;
    return [proofDiagnostic({ file }, "story-not-run", "", story.story, message)];
  }
  const diagnostics: ProofDiagnostic[] = [];
  let now = 0;
  let sent = 0;
  for (const [index, step] of story.steps.entries()) {
    now += (step.after ?? 0) * 1000;
    const pointer = `/steps/${index}`;
    const visitor = step.visitor ?? story.visitor;
    const read = exampleRequests({ request: step.request, ...(visitor !== undefined && { visitor }) }, input);
    if (!read.ok) {
      diagnostics.push(proofDiagnostic({ file }, "no-request", `${pointer}/request`, step.request, read.message));
      continue;
    }
    sent += read.requests.length * (step.times ?? 1);
    if (sent > MAX_REQUESTS) {
      const reason = `more than ${MAX_REQUESTS}: it ends here; divide it`;
      const message = `the story sends ${sent} requests up to this step, ${reason}`;
      return [...diagnostics, proofDiagnostic({ file }, "out-of-range", `${pointer}/times`, step.times ?? 1, message)];
    }
    const differences: string[] = [];
    for (let time = 1; time <= (step.times ?? 1); time += 1) {
      if (time > 1) now += (step.every ?? 0) * 1000;
      for (const facts of read.requests) {
        const request = { ...facts, at: now };
        visit?.(request);
        const difference = send(engine, request, step);
        if (difference !== undefined)
          differences.push(`request ${time} of the step, at ${now / 1000} s: ${difference}`);
      }
    }
    const [first] = differences;
    if (first === undefined) continue;
    const more = differences.length > 1 ? `; ${differences.length - 1} more of the step differ` : "";
    diagnostics.push(proofDiagnostic({ file }, "story-differs", pointer, step.request, `${first}${more}`));
  }
  return diagnostics;
}

function engineOf({ plan, rulesets, lists, adoptedRules = {} }: ProofInput): Engine {
  const zone = rulesets.map(({ phase, name, rules }) => ({
    phase,
    name,
    rules: [...(adoptedRules[phase] ?? []), ...rules],
    id: name,
    kind: "zone" as const,
  }));
  return createEngine({ plan, zone, ...(lists && { lists }) });
}

/** Sends a request, and its response where it passes; what differs from the step, as a sentence. */
function send(engine: Engine, request: RequestFacts, step: StoryStep): string | undefined {
  const verdict = engine.handle(request);
  if (verdict.outcome === "pass") {
    const { at } = request;
    engine.respond(request, verdict, { status: step.response ?? 200, headers: [], fromCache: false, at });
  }
  const { outcome, by, response, undetermined } = verdict;
  const open = undetermined.length > 0 ? `, because nothing says what ${undetermined.join(", ")} is` : "";
  const got = `${outcome}${by ? ` by ${by.ref}` : ""}${open}`;
  if (step.expect !== "any" && outcome !== step.expect) return `expected ${step.expect}, got ${got}`;
  if (step.by !== undefined && step.by !== by?.ref) return `expected ${step.by} to decide, got ${got}`;
  if (step.status !== undefined && step.status !== response?.status)
    return `expected status ${step.status}, got ${response?.status ?? "none"}`;
  return undefined;
}
