import { createEngine, type Engine, type LoadProblem, loadProblemLine, RateCounters } from "../../rules/index.ts";
import type { Zone } from "../api/state.ts";

/** A zone of which some rules are not evaluated as Cloudflare evaluates them. */
export interface DeploymentProblem {
  readonly zone: string;
  /** Which rules, why, and what happens instead: one line for each after the first. */
  readonly message: string;
}

/** Rules that are named; of more, the number is. */
const MAX_NAMED_RULES = 20;

interface Deployed {
  readonly zone: Zone;
  /** Which versions of which rulesets and lists; the API makes a new zone with every change of anything. */
  readonly versions: string;
  readonly engine: Engine;
}

/**
 * The rules of each zone, compiled when the API reports a change. Counters survive a change that does not touch their
 * limit.
 */
export class Deployments {
  readonly #deployed = new Map<string, Deployed>();
  readonly #counters = new Map<string, RateCounters>();
  /** What was reported last, by zone: a change of something else does not repeat it. */
  readonly #reported = new Map<string, string>();
  readonly #report: (problem: DeploymentProblem) => void;

  constructor(report: (problem: DeploymentProblem) => void) {
    this.#report = report;
  }

  /** Names of the zones that had a request so far. */
  get zones(): readonly string[] {
    return [...this.#deployed.values()].map(({ zone }) => zone.name);
  }

  /** The engine for what is deployed now. Rules that it does not evaluate as Cloudflare would are reported once. */
  engineOf(zone: Zone): Engine {
    const known = this.#deployed.get(zone.id);
    if (known?.zone === zone) return known.engine;
    const versions = versionsOf(zone);
    const engine = known?.versions === versions ? known.engine : this.#compile(zone);
    this.#deployed.set(zone.id, { zone, versions, engine });
    return engine;
  }

  #compile({ id, name, plan, rulesets, accountRulesets, lists }: Zone): Engine {
    const counters = this.#counters.get(id) ?? new RateCounters();
    this.#counters.set(id, counters);
    const engine = createEngine({ plan, zone: rulesets, account: accountRulesets, lists }, { counters });
    const message = messageOf(engine.problems);
    if (message !== "" && message !== this.#reported.get(id)) this.#report({ zone: name, message });
    this.#reported.set(id, message);
    return engine;
  }
}

const EFFECT_TEXTS: Readonly<Record<LoadProblem["effect"], string>> = {
  undetermined: "requests that it could apply to are served as if it did not match",
  ignored: "requests are served as if there were none",
  evaluated: "evaluated all the same",
};

/** Empty where there is no problem. */
function messageOf(problems: readonly LoadProblem[]): string {
  if (problems.length === 0) return "";
  const lines = problems
    .slice(0, MAX_NAMED_RULES)
    .map((problem) => `${loadProblemLine(problem)}; ${EFFECT_TEXTS[problem.effect]}`);
  const more = problems.length - lines.length;
  return [
    "some of the deployed rules are not evaluated as at Cloudflare:",
    ...lines,
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join("\n");
}

function versionsOf({ plan, rulesets, accountRulesets, listsRevision }: Zone): string {
  const versions = [...rulesets, ...accountRulesets].map(({ id, version }) => `${id}@${version}`);
  return [plan, ...versions, listsRevision].join(" ");
}
