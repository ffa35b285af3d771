/** Reads the account before anything is registered, and reports every obstacle at once. Reads only. */
import type Cloudflare from "cloudflare";
import {
  adoptionOf,
  entitlementProblems,
  type Policy,
  policyFor,
  type Site,
  zoneSettingProblem,
} from "../policy/index.ts";
import { type Account, readAccount, tokenObstacle } from "./account.ts";
import { deletedTunnels, readNames } from "./names.ts";
import { type Obstacle, PreflightError } from "./obstacle.ts";

export type { Account } from "./account.ts";
export { type Obstacle, PreflightError } from "./obstacle.ts";

/** What a run may go on with. */
export interface Cleared {
  readonly account: Account;
  readonly policy: Policy;
  /** What carries the stack's mark already: import id by the name that the resource has in the program. */
  readonly ours: Readonly<Record<string, string>>;
}

/**
 * Finds the site's zone and plan, builds the policy for it and looks for everything that would stop the run halfway: a token
 * that is not accepted, a plan without room, names that somebody else has. Throws `PreflightError`. What a token may write
 * cannot be read: a missing right shows at the first write. `stateKnown`: whoever started the run knows the stack's state, and
 * has taken a deleted tunnel out of it.
 */
export async function preflight(api: Cloudflare, site: Site, stateKnown = false): Promise<Cleared> {
  const [token, found] = await Promise.all([tokenObstacle(api, site), readAccount(api, site)]);
  if (token !== undefined) throw new PreflightError([token]);
  if ("obstacle" in found) throw new PreflightError([found.obstacle]);

  const account = found.value;
  const policy = policyFor(site, account.plan);
  const standing = await readNames(api, site, account, policy.rulesets);
  const obstacles: Obstacle[] = [
    ...entitlementProblems(policy.rulesets, account.plan, standingRules(site)).map(
      ({ code, phase, ref, message, hint }) => ({
        code: `policy.${code}`,
        found: `${ref === undefined ? phase : `rule ${ref} of ${phase}`}: ${message}`,
        fix: `In infra/policy: ${hint}.`,
      }),
    ),
    ...policy.zoneSettings.flatMap((setting) => {
      const expected = zoneSettingProblem(setting, account.plan);
      return expected === undefined
        ? []
        : [
            {
              code: "zone_setting",
              found: `the setting ${setting.id} cannot be ${JSON.stringify(setting.value)}`,
              fix: `It takes ${expected}.`,
            },
          ];
    }),
    ...standing.obstacles,
    ...(stateKnown ? [] : await deletedTunnels(api, account, standing)),
  ];
  if (obstacles.length > 0) throw new PreflightError(obstacles);
  return { account, policy, ours: standing.ours };
}

/** How many rules the adopted rulesets have already: they use the same room. */
const standingRules = (site: Site): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(adoptionOf(site).rulesets).map(([phase, { rules }]) => [phase, rules.length]));
