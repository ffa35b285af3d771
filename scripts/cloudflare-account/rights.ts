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

/** By the kind of the resource. That of a ruleset depends on its phase. */
const PERMISSIONS: Readonly<Record<string, PermissionName>> = {
  record: "DNS Write",
  list: LISTS_PERMISSION,
  "zone setting": "Zone Settings Write",
  "application of Access": "Access: Apps and Policies Write",
  "policy of Access": "Access: Apps and Policies Write",
  "service token of Access": "Access: Service Tokens Write",
};

/** The permission that a write of the resource needs, by its name in the API. */
export function permissionOf(resource: StateResource): PermissionName {
  const kind = kindOf(resource);
  if (kind === "ruleset") return permissionOfPhase(String(resource.inputs?.phase ?? ""));
  return PERMISSIONS[kind] ?? "Cloudflare Tunnel Write";
}

/** Paths under which resources are made whose name the API requires, by their kind. */
const COLLECTIONS: Readonly<Record<string, (resource: StateResource) => string>> = {
  record: (record) => `/zones/${inputOf(record, "zoneId")}/dns_records`,
  list: (list) => `/accounts/${inputOf(list, "accountId")}/rules/lists`,
  "policy of Access": (policy) => `/accounts/${inputOf(policy, "accountId")}/access/policies`,
  "service token of Access": (token) => `/accounts/${inputOf(token, "accountId")}/access/service_tokens`,
};

/**
 * Makes calls that write nothing: one of each kind above without a name, which a token with the permission gets refused
 * for what is missing, and each ruleset as it is, with `dry_run`
 * (https://developers.cloudflare.com/api/resources/rulesets/). The tunnel needs no such call: its secret is what
 * changes first. @throws AccountError that names the permission
 */
export async function checkWriteRights(api: Cloudflare, resources: readonly StateResource[]): Promise<void> {
  const rulesets = resources.filter((resource) => kindOf(resource) === "ruleset");
  await Promise.all([
    ...Object.entries(COLLECTIONS).flatMap(([kind, collectionOf]) => {
      const first = resources.find((resource) => kindOf(resource) === kind);
      return first === undefined ? [] : [callApi(postNothing(api, collectionOf(first)), permissionOf(first))];
    }),
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
