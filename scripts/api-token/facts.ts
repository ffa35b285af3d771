import type Cloudflare from "cloudflare";
import { readAccess, StackConfigError } from "../../infra/config.ts";
import { programErrorMessage } from "../../infra/local/engine/index.ts";
import type { Site } from "../../infra/policy/without-rules.ts";
import {
  findRights,
  knownIdsOf,
  neededPermissions,
  type Obstacle,
  readAccount,
  tokenObstacle,
} from "../../infra/preflight/for-commands.ts";
import type { Plan } from "../../infra/rules/index.ts";
import { readSite } from "../../infra/site-config.ts";
import { accountFor, readConfig } from "../cloudflare-account/account.ts";
import { CommandError } from "../command-line/index.ts";
import type { OperatorStack } from "../pulumi-cli/operator.ts";
import { projectName } from "../pulumi-cli/state-folder.ts";
import { allRights, rightsWithoutZone, type TokenFacts } from "./report.ts";

/**
 * Reads what the stack needs from its configuration and policy, and what the present token has from the account.
 * @throws PulumiFailed, StackConfigError, CommandError where the policy cannot be loaded, DryRunIgnoredError
 */
export async function readTokenFacts({ cli, stack, env }: OperatorStack): Promise<TokenFacts> {
  const { resources } = await cli.state();
  const values = await readConfig(cli);
  const site = readSite(await projectName(), stack.split("/").at(-1) ?? stack, values);
  const policyOf = await loadPolicy(site);
  // on a plan that is not known, the permissions are those of Free: they differ in no policy that the kit ships
  const known = knownIdsOf(resources);
  const needed = neededPermissions(site, policyOf(site.plan === "auto" ? "free" : site.plan), known);
  const facts = { stack, zone: site.zone.name, zoneId: site.zone.id, accountId: site.accountId };
  const api = apiOf(values, env);
  if (api === undefined) {
    const reason = "there is no API token";
    return { ...facts, token: { state: "none", reason }, rights: allRights(needed, "missing", reason) };
  }
  const refused = await tokenObstacle(api, site);
  if (refused !== undefined) {
    const isWrong = refused.code === "token";
    const rights = allRights(needed, isWrong ? "missing" : "not known", refused.found);
    return { ...facts, token: { state: isWrong ? "refused" : "not known", reason: textOf(refused) }, rights };
  }
  const token = { state: "accepted" } as const;
  const found = await readAccount(api, site);
  if ("obstacle" in found) return { ...facts, token, rights: rightsWithoutZone(needed, found.obstacle) };
  const { account } = found.value;
  const search = { api, site, account, known };
  const rights = await findRights(search, policyOf(account.plan));
  return { ...facts, zoneId: account.zoneId, accountId: account.accountId, token, rights };
}

const textOf = ({ found, fix }: Obstacle): string => `${found}. ${fix}`;

/** Undefined where there is no token yet. */
function apiOf(...configured: Parameters<typeof readAccess>): Cloudflare | undefined {
  try {
    return accountFor(readAccess(...configured));
  } catch (error) {
    if (error instanceof StackConfigError) return undefined;
    throw error;
  }
}

/** @throws CommandError that names the file where one of the policy cannot be loaded */
async function loadPolicy(site: Site) {
  try {
    const { readPolicy } = await import("../../infra/policy-files.ts");
    return (plan: Plan) => readPolicy(site, plan);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CommandError(`the policy cannot be loaded: ${programErrorMessage(error)}`, { cause: error });
  }
}
