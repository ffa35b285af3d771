import type { RequestFacts, ResponseFacts } from "../evaluate/request.ts";
import { requestFields } from "../evaluate/request-fields.ts";
import { assemble, type EntryPoint, through } from "./assemble.ts";
import { RateCounters, type WindowKind } from "./counters.ts";
import type { Answer, Deferred, Run } from "./run.ts";
import type { Deployment, Engine, Verdict } from "./types.ts";

export interface EngineOptions {
  /** Counters that survive a redeployment; own ones if absent. */
  readonly counters?: RateCounters;
  /** Cloudflare does not document its window; see `WindowKind`. Default fixed. */
  readonly window?: WindowKind;
}

/**
 * Compiles what is deployed. Rules that are off are left out, as Cloudflare does not evaluate them.
 *
 * @throws EngineError naming the ruleset and the rule that does not compile, that Cloudflare would refuse, or that uses a
 * phase, action or parameter that is not imitated. Nothing is ever left out silently.
 */
export function createEngine(deployment: Deployment, options: EngineOptions = {}): Engine {
  const program = assemble(deployment, options.window ?? "fixed", options.counters ?? new RateCounters());
  const deferred = new WeakMap<Verdict, readonly Deferred[]>();

  return {
    handle(request) {
      const run = start(request);
      const outcome = walk(run, program);
      const verdict: Verdict = {
        ...run.decision,
        outcome: run.undetermined.size > 0 ? "undetermined" : outcome,
        events: run.events,
        settings: run.settings,
        undetermined: [...run.undetermined],
      };
      if (outcome === "pass" && run.deferred.length > 0) deferred.set(verdict, run.deferred);
      return verdict;
    },
    respond(request, verdict, response) {
      const waiting = deferred.get(verdict);
      if (!waiting) return;
      deferred.delete(verdict);
      const answer = answerOf(request, response);
      for (const count of waiting) count(answer);
    },
  };
}

function start(request: RequestFacts): Run {
  return {
    fields: requestFields(request),
    uri: request.uri,
    now: request.at,
    colo: request.colo ?? "",
    ip: request.ip,
    clearance: request.clearance === true,
    events: [],
    settings: {},
    undetermined: new Set(),
    skipped: { account: new Set(), zone: new Set() },
    deferred: [],
  };
}

function walk(run: Run, program: readonly EntryPoint[]): Exclude<Verdict["outcome"], "undetermined"> {
  for (const { phase, level, steps } of program) {
    if (run.skipped[level].has(phase)) continue;
    if (through(run, steps) === "stop") return run.decision?.outcome ?? "pass";
  }
  return "pass";
}

function answerOf(request: RequestFacts, response: ResponseFacts): Answer {
  return {
    fields: requestFields(request, response),
    at: response.at,
    fromCache: response.fromCache,
    header: (name) => response.headers.find(([other]) => other.toLowerCase() === name)?.[1],
  };
}
