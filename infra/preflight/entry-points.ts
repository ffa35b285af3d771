import { isDeepStrictEqual } from "node:util";
import type { PhaseRuleset } from "../policy/index.ts";
import { adoptionOf, ownerMark } from "../policy/without-rules.ts";
import { keptAsFound, rulesetAsFound } from "./as-found.ts";
import { permissionOfPhase } from "./permissions.ts";
import {
  type AccountEntryPoint,
  adoptedMissing,
  adoptionRemoved,
  blockedBy,
  importing,
  NOTHING,
  otherStack,
  type PreflightFinding,
  replacedElsewhere,
  type Search,
  stackOfMark,
  wasAdopted,
} from "./place.ts";
import { reading, unlessMissing } from "./reading.ts";

/**
 * Looks at a phase's entry point. A zone has one for each phase, even when all its rules are gone, and the API refuses
 * a second one.
 */
export async function findEntryPoint(
  search: Search,
  { phase, rules: ownRules }: Pick<PhaseRuleset, "phase" | "rules">,
): Promise<PreflightFinding> {
  const { api, site } = search;
  const { zoneId } = search.account;
  const read = await reading(`the rules of ${phase}`, permissionOfPhase(phase), () =>
    unlessMissing(api.rulesets.phases.get(phase, { zone_id: zoneId })),
  );
  if ("obstacle" in read) return blockedBy(read.obstacle);
  const ruleset = read.value;
  if (ruleset === undefined) {
    const adopted = adoptionOf(site).rulesets[phase];
    return adopted === undefined ? NOTHING : adoptedMissing(`ruleset ${adopted.id} of ${phase}`);
  }
  const entryPoint = { ...ruleset, description: ruleset.description ?? "", rules: ruleset.rules ?? [] };
  return { ...findExisting(search, phase, ownRules, entryPoint), entryPoint };
}

function findExisting(
  search: Search,
  phase: PhaseRuleset["phase"],
  ownRules: PhaseRuleset["rules"],
  ruleset: AccountEntryPoint,
): PreflightFinding {
  const { site, known } = search;
  const { zoneId } = search.account;
  const adopted = adoptionOf(site).rulesets[phase];
  const knownId = known[phase];
  const ownRefs = new Set(ownRules.map(({ ref }) => ref));
  const asFound = adopted === undefined ? {} : keptAsFound(phase, rulesetAsFound(zoneId, ruleset, ownRefs));
  const { id, name, description } = ruleset;
  const others = ruleset.rules.filter(({ ref }) => ref === undefined || !ownRefs.has(ref)).map(withoutRevision);
  const adopt = { rulesets: { [phase]: { id, name, description, rules: others } } };
  if (ruleset.id === knownId) {
    return adopted === undefined && wasAdopted(search, phase)
      ? blockedBy(adoptionRemoved(`the ruleset of ${phase}`, adopt))
      : { ...NOTHING, asFound };
  }
  const what = `a ruleset for ${phase}: "${ruleset.name}" (${ruleset.id})`;
  if (knownId !== undefined) return blockedBy(replacedElsewhere(phase, `the ruleset ${knownId}`, what));
  const importId = `zones/${zoneId}/${ruleset.id}`;
  if (adopted !== undefined) {
    if (adopted.id !== ruleset.id) return adoptedMissing(`ruleset ${adopted.id} of ${phase}`);
    const lost = others.filter((rule) => !adopted.rules.some((kept) => isSameRule(kept, rule)));
    if (lost.length === 0) return { ...importing(phase, importId), asFound };
    return blockedBy({
      code: "adopted_changed",
      found:
        `\`adopt\` does not have these rules of the ruleset ${id} of ${phase} as they are now: ` +
        `${lost.map(({ ref, expression }) => ref ?? expression).join(", ")}`,
      fix: "It was edited after the line was printed, and the run would undo the edit. Use the new line.",
      adopt,
    });
  }
  if (ruleset.description === ownerMark(site)) return importing(phase, importId);
  const stack = stackOfMark(ruleset.description);
  if (stack !== undefined) {
    const { fix, ...rest } = otherStack(stack, what);
    const beside = "To run beside that stack, make this one a guest of the zone: `causeway:role: guest`.";
    return blockedBy({ ...rest, fix: `${beside} ${fix}` });
  }
  const rules = ruleset.rules.length;
  return blockedBy({
    code: "entrypoint_taken",
    found: `the zone has ${what} already, with ${rules === 1 ? "one rule" : `${rules} rules`}`,
    fix: "A zone has one for each phase. Take it over, or delete it, or use another zone.",
    adopt,
  });
}

/** What the API adds to a rule with every change. */
export function withoutRevision<T extends object>(rule: T): Omit<T, "id" | "version" | "last_updated"> {
  const { id: _id, version: _version, last_updated: _updated, ...rest } = rule as T & Revision;
  return rest;
}

interface Revision {
  readonly id?: unknown;
  readonly version?: unknown;
  readonly last_updated?: unknown;
}

/** Whether a rule of `adopt` is what the API responds now. Both may leave out what is the default. */
const isSameRule = (kept: object, now: object): boolean => isDeepStrictEqual(completed(kept), completed(now));
const completed = (rule: object): unknown =>
  JSON.parse(JSON.stringify({ enabled: true, description: "", ...withoutRevision(rule) }));
