import { PERMISSIONS, type Permission, type PermissionName } from "../../infra/preflight/for-commands.ts";

export interface LinkValues {
  /** What the token will be called. */
  readonly name: string;
  /** Undefined: the form offers all zones, or all accounts. */
  readonly zoneId: string | undefined;
  readonly accountId: string | undefined;
}

/**
 * A link to the dashboard's form for a user's token, filled in
 * (https://developers.cloudflare.com/fundamentals/api/how-to/account-owned-token-template/). A permission without a
 * key is left out.
 */
export function templateLink(
  permissions: readonly PermissionName[],
  { name, zoneId = "all", accountId = "*" }: LinkValues,
): string {
  const groups = permissions.flatMap((permission) => {
    const { key }: Permission = PERMISSIONS[permission];
    return key === undefined ? [] : [{ key, type: permission.endsWith(" Read") ? "read" : "edit" }];
  });
  const values = { permissionGroupKeys: JSON.stringify(groups), accountId, zoneId, name };
  const query = Object.entries(values).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return `https://dash.cloudflare.com/profile/api-tokens?${query.join("&")}`;
}
