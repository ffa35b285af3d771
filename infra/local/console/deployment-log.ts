import type { Rule } from "../../rules/index.ts";
import type { Cloud, Zone } from "../api/state.ts";
import type { ChangedRule, DeployedChange } from "./console-data.ts";

/** Changes that are kept. */
const MAX_CHANGES = 100;

/** What was deployed in the zone of a hostname, since the log began. */
export class DeploymentLog {
  readonly #changes: DeployedChange[] = [];
  readonly #stop: () => void;
  #rules: ReadonlyMap<string, string>;

  constructor(cloud: Pick<Cloud, "zoneOf" | "onChange">, hostname: string, clock: () => number = Date.now) {
    this.#rules = rulesOf(cloud.zoneOf(hostname));
    this.#stop = cloud.onChange(({ kind }) => {
      const zone = kind === "zone" ? cloud.zoneOf(hostname) : undefined;
      if (!zone) return;
      const before = this.#rules;
      this.#rules = rulesOf(zone);
      const rules = changesBetween(before, this.#rules);
      if (rules.length === 0) return;
      this.#changes.push({ time: clock(), zone: zone.name, rules });
      if (this.#changes.length > MAX_CHANGES) this.#changes.shift();
    });
  }

  /** Newest first. */
  get changes(): readonly DeployedChange[] {
    return this.#changes.toReversed();
  }

  close(): void {
    this.#stop();
  }
}

/** The text of each rule, by phase and `ref`. */
function rulesOf(zone: Zone | undefined): ReadonlyMap<string, string> {
  const rulesets = [...(zone?.accountRulesets ?? []), ...(zone?.rulesets ?? [])];
  return new Map(rulesets.flatMap(({ rules }) => rules.map((rule) => [rule.ref, textOf(rule)] as const)));
}

function textOf({ action, expression, enabled, action_parameters, ratelimit }: Rule): string {
  const more = Object.entries({ action_parameters, ratelimit, ...(enabled === false && { enabled }) })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return [`${action}: ${expression}`, ...more].join("\n");
}

function changesBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): ChangedRule[] {
  const refs = new Set([...before.keys(), ...after.keys()]);
  return [...refs].flatMap((ref) => {
    const [was, is] = [before.get(ref), after.get(ref)];
    if (was === is) return [];
    return [{ ref, ...(was !== undefined && { before: was }), ...(is !== undefined && { after: is }) }];
  });
}
