/** Checks that the API token may write what a command is about to change. Only a write shows that. */
import type Cloudflare from "cloudflare";
import {
  LISTS_PERMISSION,
  type PermissionName,
  permissionOfPhase,
  postNothing,
} from "../../infra/preflight/for-commands.ts";
import { kindOf, type StateResource } from "../pulumi-cli/stack-state.ts";
import { AccountError, callApi } from "./account.ts";

/** The permission that a write of the resource needs, by its name in the API. */
export function permissionOf(resource: StateResource): PermissionName {
  const kind = kindOf(resource);
  if (kind === "record") return "DNS Write";
  if (kind === "ruleset") return permissionOfPhase(String(resource.inputs?.phase ?? ""));
  if (kind === "list") return LISTS_PERMISSION;
  if (kind === "service token of Access") return "Access: Service Tokens Write";
  if (kind === "application of Access" || kind === "policy of Access") return "Access: Apps and Policies Write";
  return kind === "zone setting" ? "Zone Settings Write" : "Cloudflare Tunnel Write";
}

/**
 * Makes calls that write nothing: a record, a list, and a policy and a service token of Access without a name, which a
 * token with the permission gets refused for the missing name, and each ruleset as it is, with `dry_run`
 * (https://developers.cloudflare.com/api/resources/rulesets/). The tunnel needs no such call: its secret is what
 * changes first. @throws AccountError that names the permission
 */
export async function checkWriteRights(api: Cloudflare, resources: readonly StateResource[]): Promise<void> {
  const first = (kind: string) => resources.filter((resource) => kindOf(resource) === kind).slice(0, 1);
  const rulesets = resources.filter((resource) => kindOf(resource) === "ruleset");
  const posts = (kind: string, collection: string) =>
    first(kind).map((resource) =>
      callApi(postNothing(api, `/accounts/${inputOf(resource, "accountId")}/${collection}`), permissionOf(resource)),
    );
  await Promise.all([
    ...first("record").map((record) =>
      callApi(postNothing(api, `/zones/${inputOf(record, "zoneId")}/dns_records`), permissionOf(record)),
    ),
    ...posts("list", "rules/lists"),
    ...posts("policy of Access", "access/policies"),
    ...posts("service token of Access", "access/service_tokens"),
    ...rulesets.map(async (ruleset) => {
      const permission = permissionOf(ruleset);
      const path = pathOf(ruleset, "rulesets");
      const found = await readIfExists(api, path, permission);
      if (!found) return;
      const { name, kind, phase, description, rules = [] } = found;
      const body = { name, kind, phase, description, rules };
      await callApi(api.put(path, { query: { dry_run: true }, body }), permission);
    }),
  ]);
}

const inputOf = ({ inputs }: StateResource, name: string): string => String(inputs?.[name]);

const pathOf = ({ id, inputs }: StateResource, collection: string): string =>
  `/zones/${String(inputs?.zoneId)}/${collection}/${id}`;

/** Undefined where it was deleted elsewhere. */
async function readIfExists(
  api: Cloudflare,
  path: string,
  permission: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const { result } = await callApi(api.get<{ result: Readonly<Record<string, unknown>> }>(path), permission);
    return result;
  } catch (error) {
    if (error instanceof AccountError && error.status === 404) return undefined;
    throw error;
  }
}
