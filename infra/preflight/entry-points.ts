import { adoptionOf, ownerMark, type PhaseRuleset } from "../policy/index.ts";
import { keptAsFound, rulesetAsFound } from "./as-found.ts";
import {
  adoptedMissing,
  blockedBy,
  type Finding,
  importing,
  NOTHING,
  otherStack,
  replacedElsewhere,
  type Search,
  stackOfMark,
} from "./place.ts";
import { isNotFound, reading } from "./reading.ts";

/** Permission that lets a token write the rulesets of a phase; reading needs it too, so that it is asked for once. */
const PERMISSION: Readonly<Record<string, string>> = {
  http_request_cache_settings: "Cache Settings Write",
  http_request_dynamic_redirect: "Dynamic URL Redirects Write",
};

/** The permission that a token needs for the rulesets of a phase, by its name in the API. */
export const permissionOfPhase = (phase: string): string => PERMISSION[phase] ?? "Zone WAF Write";

/** Looks at a phase's entry point. A zone has one for each phase, even when all its rules are gone, and the API refuses a second one. */
export async function findEntryPoint(
  { api, site, account: { zoneId }, known }: Search,
  { phase, rules: ownRules }: PhaseRuleset,
): Promise<Finding> {
  const read = await reading(`the rules of ${phase}`, permissionOfPhase(phase), async () => {
    try {
      return await api.rulesets.phases.get(phase, { zone_id: zoneId });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  });
  if ("obstacle" in read) return blockedBy(read.obstacle);
  const ruleset = read.value;
  const adopted = adoptionOf(site).rulesets[phase];
  const knownId = known[phase];
  if (ruleset === undefined)
    return adopted === undefined ? NOTHING : adoptedMissing(`ruleset ${adopted.id} of ${phase}`);
  const ownRefs = new Set(ownRules.map(({ ref }) => ref));
  const asFound = adopted === undefined ? {} : keptAsFound(phase, rulesetAsFound(zoneId, ruleset, ownRefs));
  if (ruleset.id === knownId) return { ...NOTHING, asFound };
  const what = `a ruleset for ${phase}: "${ruleset.name}" (${ruleset.id})`;
  if (knownId !== undefined) return blockedBy(replacedElsewhere(phase, `the ruleset ${knownId}`, what));
  const importId = `zones/${zoneId}/${ruleset.id}`;
  if (adopted !== undefined) {
    return adopted.id === ruleset.id
      ? { ...importing(phase, importId), asFound }
      : adoptedMissing(`ruleset ${adopted.id} of ${phase}`);
  }
  if (ruleset.description === ownerMark(site)) return importing(phase, importId);
  const stack = stackOfMark(ruleset.description);
  if (stack !== undefined) return blockedBy(otherStack(stack, what));
  const rules = ruleset.rules?.length ?? 0;
  return blockedBy({
    code: "entrypoint_taken",
    found: `the zone has ${what} already, with ${rules === 1 ? "one rule" : `${rules} rules`}`,
    fix: "A zone has room for one a phase. Take it over, or delete it, or use another zone.",
    adopt: {
      rulesets: {
        [phase]: {
          id: ruleset.id,
          name: ruleset.name,
          description: ruleset.description ?? "",
          rules: (ruleset.rules ?? []).map(({ id: _id, version: _version, last_updated: _updated, ...rule }) => rule),
        },
      },
    },
  });
}
