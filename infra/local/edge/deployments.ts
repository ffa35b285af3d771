import { createEngine, type Engine, EngineError, RateCounters } from "../../rules/index.ts";
import type { Zone } from "../api/state.ts";

/** A zone whose rules cannot be run as deployed. */
export interface DeploymentProblem {
  readonly zone: string;
  /** What is wrong, and what runs instead. */
  readonly message: string;
}

interface Deployed {
  readonly zone: Zone;
  /** Which versions of which rulesets and lists; the API makes a new zone with every change of anything. */
  readonly versions: string;
  /** Absent: nothing that was deployed so far could be run. */
  readonly engine: Engine | undefined;
}

/** The rules of each zone, compiled when the API says they changed. Counters outlive a change that leaves their limit as it was. */
export class Deployments {
  readonly #deployed = new Map<string, Deployed>();
  readonly #counters = new Map<string, RateCounters>();
  readonly #report: (problem: DeploymentProblem) => void;

  constructor(report: (problem: DeploymentProblem) => void) {
    this.#report = report;
  }

  /** Names of the zones that had a request so far. */
  get zones(): readonly string[] {
    return [...this.#deployed.values()].map(({ zone }) => zone.name);
  }

  /**
   * The engine for what is deployed now. Where that does not compile, the last that did goes on and the problem is reported
   * once; where none ever did, undefined: nothing may pass.
   */
  engineOf(zone: Zone): Engine | undefined {
    const known = this.#deployed.get(zone.id);
    if (known?.zone === zone) return known.engine;
    const versions = versionsOf(zone);
    const engine = known?.versions === versions ? known.engine : this.#compile(zone, known?.engine);
    this.#deployed.set(zone.id, { zone, versions, engine });
    return engine;
  }

  #compile(zone: Zone, last: Engine | undefined): Engine | undefined {
    const counters = this.#counters.get(zone.id) ?? new RateCounters();
    this.#counters.set(zone.id, counters);
    try {
      const { plan, rulesets, accountRulesets, lists } = zone;
      return createEngine({ plan, zone: rulesets, account: accountRulesets, lists }, { counters });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const instead = last ? "The rules deployed before stay in force." : "Nothing is let through until they do.";
      this.#report({ zone: zone.name, message: `the deployed rules cannot be run: ${error.message}\n${instead}` });
      return last;
    }
  }
}

function versionsOf({ plan, rulesets, accountRulesets, listsRevision }: Zone): string {
  const versions = [...rulesets, ...accountRulesets].map(({ id, version }) => `${id}@${version}`);
  return [plan, ...versions, listsRevision].join(" ");
}
