/**
 * The permissions of API tokens that the kit needs. The preflight's messages, `npm run token` and the README's table
 * have their names from here.
 */
import type { Policy } from "../policy/index.ts";
import { POLICY_PHASES, type Site, siteHostnames } from "../policy/without-rules.ts";
import { deepHostnames } from "./deep-hostnames.ts";
import { ownAccess } from "./own-access.ts";

/** What is known of a permission (https://developers.cloudflare.com/fundamentals/api/reference/permissions/). */
export interface Permission {
  /** What a token with the permission is limited to. */
  readonly scope: "zone" | "account";
  /** Its group and level in the dashboard, which has "Edit" where the API has "Write", and other names for some. */
  readonly dashboard: string;
  /**
   * Its key in a link that fills in the dashboard's form. Absent: not known. Only those with `isKeyDocumented` are on
   * Cloudflare's page (https://developers.cloudflare.com/fundamentals/api/how-to/account-owned-token-template/, read
   * 2026-11-30); the others are those that links of public projects use.
   */
  readonly key?: string;
  readonly isKeyDocumented?: true;
}

/** By their names in the API. */
export const PERMISSIONS = {
  "Zone Read": { scope: "zone", dashboard: "Zone: Read", key: "zone", isKeyDocumented: true },
  "DNS Write": { scope: "zone", dashboard: "DNS: Edit", key: "dns", isKeyDocumented: true },
  "Dynamic URL Redirects Write": { scope: "zone", dashboard: "Single Redirect: Edit" },
  "Zone WAF Read": { scope: "zone", dashboard: "Zone WAF: Read", key: "zone_waf" },
  "Zone WAF Write": { scope: "zone", dashboard: "Zone WAF: Edit", key: "zone_waf" },
  "Cache Settings Write": { scope: "zone", dashboard: "Cache Rules: Edit", key: "cache_settings" },
  "Cloudflare Tunnel Write": { scope: "account", dashboard: "Cloudflare Tunnel: Edit", key: "argotunnel" },
  "Account Filter Lists Read": { scope: "account", dashboard: "Account Filter Lists: Read", key: "account_rule_lists" },
  "Account Filter Lists Edit": { scope: "account", dashboard: "Account Filter Lists: Edit", key: "account_rule_lists" },
  "Zone Settings Write": {
    scope: "zone",
    dashboard: "Zone Settings: Edit",
    key: "zone_settings",
    isKeyDocumented: true,
  },
  "Access: Apps and Policies Write": { scope: "account", dashboard: "Access: Apps and Policies: Edit" },
  "Access: Service Tokens Write": { scope: "account", dashboard: "Access: Service Tokens: Edit" },
  "Access: Organizations, Identity Providers, and Groups Read": {
    scope: "account",
    dashboard: "Access: Organizations, Identity Providers, and Groups: Read",
  },
  "SSL and Certificates Read": {
    scope: "zone",
    dashboard: "SSL and Certificates: Read",
    key: "ssl_and_certificates",
    isKeyDocumented: true,
  },
} as const satisfies Readonly<Record<string, Permission>>;

export type PermissionName = keyof typeof PERMISSIONS;

const OF_PHASE: Readonly<Record<string, PermissionName>> = {
  http_request_cache_settings: "Cache Settings Write",
  http_request_dynamic_redirect: "Dynamic URL Redirects Write",
};

/** The permission that lets a token write the rulesets of a phase; it covers reading too, so that one is enough. */
export const permissionOfPhase = (phase: string): PermissionName => OF_PHASE[phase] ?? "Zone WAF Write";

/** A permission that a stack needs. */
export interface NeededPermission {
  readonly name: PermissionName;
  /** What it is for, one thing each. */
  readonly uses: readonly string[];
}

/**
 * What the stack needs for what its configuration and its policy use, in the order of `PERMISSIONS`. What the state has
 * of Access and the configuration has not is deleted by the next `up`, which needs the permission too.
 */
export function neededPermissions(
  site: Site,
  { rulesets, lists, zoneSettings }: Pick<Policy, "rulesets" | "lists" | "zoneSettings">,
  known: Readonly<Record<string, string>> = {},
): readonly NeededPermission[] {
  const { access = { team: "", applications: [], serviceTokens: {} } } = site;
  const applications = access.applications.map(({ name }) => name);
  const tokens = Object.keys(access.serviceTokens);
  const deletedOf = (kind: "app" | "token", kept: readonly string[]) =>
    [...ownAccess(known, kind).keys()].filter((name) => !kept.includes(name));
  const uses: readonly (readonly [PermissionName, readonly string[]])[] = [
    ["Zone Read", [`the zone ${site.zone.name} and its plan`]],
    ["DNS Write", siteHostnames(site).map((hostname) => `the record of ${hostname}`)],
    ...POLICY_PHASES.filter(({ phase }) => rulesets.some((ruleset) => ruleset.phase === phase)).map(
      ({ phase }) => [permissionOfPhase(phase), [`the rules of ${phase}`]] as const,
    ),
    ["Zone WAF Read", site.role === "guest" ? ["whether the owner's rules bind its hostnames"] : []],
    ["Cloudflare Tunnel Write", ["the tunnel, its configuration and its token"]],
    [permissionForLists(site, lists), lists.map(({ name }) => `the list $${name}`)],
    ["Zone Settings Write", zoneSettings.map(({ id }) => `the zone setting ${id}`)],
    ["Access: Apps and Policies Write", access.applications.map(({ name }) => `the application ${name} of Access`)],
    [
      "Access: Apps and Policies Write",
      deletedOf("app", applications).map((name) => `deleting the application ${name}`),
    ],
    ["Access: Service Tokens Write", tokens.map((name) => `the service token ${name}`)],
    ["Access: Service Tokens Write", deletedOf("token", tokens).map((name) => `deleting the service token ${name}`)],
    [
      "Access: Organizations, Identity Providers, and Groups Read",
      site.access === undefined ? [] : [`whether ${access.team} is the team of the account`],
    ],
    ["SSL and Certificates Read", deepHostnames(site).map((hostname) => `the certificate of ${hostname}`)],
  ];
  return (Object.keys(PERMISSIONS) as PermissionName[])
    .map((name) => ({ name, uses: uses.flatMap(([other, what]) => (other === name ? what : [])) }))
    .filter((needed) => needed.uses.length > 0);
}

/** The permission for lists of these names: a stack that only uses the lists of others writes none. */
export const permissionForLists = (
  { sharedLists = [] }: Pick<Site, "sharedLists">,
  lists: readonly { readonly name: string }[],
): PermissionName =>
  lists.every(({ name }) => sharedLists.includes(name)) ? "Account Filter Lists Read" : "Account Filter Lists Edit";
