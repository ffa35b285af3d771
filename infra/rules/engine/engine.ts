import type { RequestFacts, ResponseFacts } from "../evaluate/request.ts";
import { requestFields, reusableFields } from "../evaluate/request-fields.ts";
import { assemble, type EntryPoint, through } from "./assemble.ts";
import { RateCounters, type WindowKind } from "./counters.ts";
import { type CountedResponse, type Deferred, Run } from "./run.ts";
import type { Deployment, Engine, Verdict } from "./types.ts";

export interface EngineOptions {
  /** Counters that survive a redeployment; own ones if absent. */
  readonly counters?: RateCounters;
  /** Cloudflare does not document its window; see `WindowKind`. Default fixed. */
  readonly window?: WindowKind;
}

/**
 * Compiles what is deployed. Rules that are off are left out, as Cloudflare does not evaluate them. Nothing else is
 * left out silently: `problems` lists every rule that Cloudflare's API would refuse today and everything that is not
 * imitated.
 *
 * @throws ListItemError where a list holds what it cannot
 */
export function createEngine(deployment: Deployment, options: EngineOptions = {}): Engine {
  const { entryPoints, problems } = assemble(
    deployment,
    options.window ?? "fixed",
    options.counters ?? new RateCounters(),
  );
  const deferred = new WeakMap<Verdict, readonly Deferred[]>();
  const fields = reusableFields();

  return {
    problems,
    handle(request) {
      fields.begin(request);
      const run = new Run(request, fields);
      walk(run, entryPoints);
      const verdict = verdictOf(run);
      if (run.deferred && !run.decision) deferred.set(verdict, run.deferred);
      return verdict;
    },
    respond(request, verdict, response) {
      const waiting = deferred.get(verdict);
      if (!waiting) return;
      deferred.delete(verdict);
      const counted = countedResponse(request, response);
      for (const count of waiting) count(counted);
    },
  };
}

function walk(run: Run, program: readonly EntryPoint[]): void {
  for (const { bit, level, steps } of program) {
    const skipped = level === "zone" ? run.skippedOfZone : run.skippedOfAccount;
    if ((skipped & bit) === 0 && through(run, steps) === "stop") return;
  }
}

const NONE: readonly never[] = Object.freeze([]);
const NO_SETTINGS: Verdict["settings"] = Object.freeze({});

function verdictOf(run: Run): Verdict {
  const { decision, events = NONE, settings = NO_SETTINGS, undetermined = NONE, inDoubt: rulesInDoubt = NONE } = run;
  const more = (run.askedBy || run.counts) && {
    ...(run.askedBy && { askedBy: run.askedBy }),
    ...(run.counts && { counts: run.counts }),
  };
  const isSure = undetermined === NONE && rulesInDoubt === NONE;
  if (!decision) {
    return { outcome: isSure ? "pass" : "undetermined", events, settings, undetermined, rulesInDoubt, ...more };
  }
  const outcome = isSure ? decision.outcome : "undetermined";
  return {
    by: decision.by,
    response: decision.response,
    outcome,
    events,
    settings,
    undetermined,
    rulesInDoubt,
    ...more,
  };
}

function countedResponse(request: RequestFacts, response: ResponseFacts): CountedResponse {
  return {
    fields: requestFields(request, response),
    at: response.at,
    fromCache: response.fromCache,
    header: (name) => response.headers.find(([other]) => other.toLowerCase() === name)?.[1],
  };
}
