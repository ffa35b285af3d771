import type { Rule } from "../../rules/index.ts";
import type { Cloud, Zone } from "../api/state.ts";
import type { ChangedRule, DeployedChange } from "./console-data.ts";

/** Changes that are kept. */
const MAX_CHANGES = 100;
/** Milliseconds without a change after which the next one is another edit: a deployment writes ruleset by ruleset. */
const EDIT_MS = 3_000;

/** The zone before an edit of the rules. */
export interface EditedZone {
  readonly zone: Zone;
  /** When the edit began, milliseconds since the UNIX epoch. */
  readonly time: number;
  /** When its last change was made. */
  readonly lastTime: number;
}

/** What was deployed in the zone of a hostname, since the log began. */
export class DeploymentLog {
  readonly #changes: DeployedChange[] = [];
  readonly #stop: () => void;
  #zone: Zone | undefined;
  #beforeEdit: EditedZone | undefined;
  #beginsEdit = false;

  constructor(cloud: Pick<Cloud, "zoneOf" | "onChange">, hostname: string, clock: () => number = Date.now) {
    this.#zone = cloud.zoneOf(hostname);
    this.#stop = cloud.onChange(({ kind }) => {
      const zone = kind === "zone" ? cloud.zoneOf(hostname) : undefined;
      if (!zone) return;
      const before = this.#zone;
      this.#zone = zone;
      const rules = changesBetween(before, zone);
      const time = clock();
      if (before && (rules.length > 0 || dependsOn(before) !== dependsOn(zone))) this.#edited(before, time);
      if (rules.length === 0) return;
      this.#changes.push({ time, zone: zone.name, rules });
      if (this.#changes.length > MAX_CHANGES) this.#changes.shift();
    });
  }

  /** Newest first. */
  get changes(): readonly DeployedChange[] {
    return this.#changes.toReversed();
  }

  /** The zone before the last edit, which may be several changes; undefined before the first. One zone is kept. */
  get beforeEdit(): EditedZone | undefined {
    return this.#beforeEdit;
  }

  /** Says that a deployment begins: its first change is that of another edit, however soon it comes. */
  beginEdit(): void {
    this.#beginsEdit = true;
  }

  close(): void {
    this.#stop();
  }

  #edited(before: Zone, time: number): void {
    const last = this.#beforeEdit;
    const isSame = last !== undefined && !this.#beginsEdit && time - last.lastTime < EDIT_MS;
    this.#beginsEdit = false;
    this.#beforeEdit = isSame ? { ...last, lastTime: time } : { zone: before, time, lastTime: time };
  }
}

/** The rules that differ between two states of a zone. */
export function changesBetween(before: Zone | undefined, after: Zone | undefined): readonly ChangedRule[] {
  const [old, now] = [rulesOf(before), rulesOf(after)];
  const keys = new Set([...old.keys(), ...now.keys()]);
  return [...keys].flatMap((key) => {
    const [was, is] = [old.get(key), now.get(key)];
    if (was === is) return [];
    return [
      {
        ref: key.slice(key.indexOf(" ") + 1),
        ...(was !== undefined && { before: was }),
        ...(is !== undefined && { after: is }),
      },
    ];
  });
}

/** The text of each rule, by phase and `ref`. */
function rulesOf(zone: Zone | undefined): ReadonlyMap<string, string> {
  const rulesets = [...(zone?.accountRulesets ?? []), ...(zone?.rulesets ?? [])];
  return new Map(
    rulesets.flatMap(({ phase, rules }) => rules.map((rule) => [`${phase} ${rule.ref}`, textOf(rule)] as const)),
  );
}

/** What verdicts depend on beside the texts of the rules: their order, and the items of lists. */
const dependsOn = (zone: Zone): string => [...rulesOf(zone).keys(), zone.listsRevision].join("\n");

function textOf({ action, expression, enabled, action_parameters, ratelimit }: Rule): string {
  const more = Object.entries({ action_parameters, ratelimit, ...(enabled === false && { enabled }) })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return [`${action}: ${expression}`, ...more].join("\n");
}
