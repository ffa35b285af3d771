/** What `npm run token` found: what the API token of a stack needs, and what the present one has. */
import {
  type NeededPermission,
  type Obstacle,
  PERMISSIONS,
  type Permission,
  type PermissionName,
  type TokenRight,
} from "../../infra/preflight/for-commands.ts";
import { templateLink } from "./link.ts";

/** The token that the configuration or the environment has now. */
interface PresentToken {
  readonly state: "accepted" | "none" | "refused" | "not known";
  readonly reason?: string;
}

/** A line of the report. */
export interface PermissionLine extends Omit<Permission, "key" | "isKeyDocumented"> {
  /** Its name in the API. */
  readonly name: PermissionName;
  readonly uses: readonly string[];
  readonly state: TokenRight["state"];
  readonly reason?: string;
  /** Whether the link selects it: as Cloudflare documents it, by a key that only public projects use, or not at all. */
  readonly inLink: "documented" | "not documented" | "no";
}

export interface TokenReport {
  readonly stack: string;
  readonly zone: string;
  readonly token: PresentToken;
  readonly permissions: readonly PermissionLine[];
  /** Opens the dashboard's form for a new token. */
  readonly link: string;
}

/** What a report is made of. */
export interface TokenFacts {
  readonly stack: string;
  readonly zone: string;
  readonly token: PresentToken;
  readonly rights: readonly TokenRight[];
  /** Ids for the link; undefined where they are not known. */
  readonly zoneId: string | undefined;
  readonly accountId: string | undefined;
}

export function tokenReport({ stack, zone, token, rights, zoneId, accountId }: TokenFacts): TokenReport {
  const permissions = rights.map(({ name, uses, state, reason }): PermissionLine => {
    const { scope, dashboard, key, isKeyDocumented }: Permission = PERMISSIONS[name];
    const inLink = key === undefined ? "no" : isKeyDocumented ? "documented" : "not documented";
    return { name, dashboard, scope, uses, state, ...(reason !== undefined && { reason }), inLink };
  });
  const link = templateLink(
    permissions.map(({ name }) => name),
    { name: `causeway ${stack}`, zoneId, accountId },
  );
  return { stack, zone, token, permissions, link };
}

/** 0: the token has all of it; 1: something is missing; 2: something is not known. */
export function exitCodeOf({ permissions }: TokenReport): 0 | 1 | 2 {
  if (permissions.some(({ state }) => state === "missing")) return 1;
  return permissions.some(({ state }) => state === "not known") ? 2 : 0;
}

/** The same state for all of them. */
export const allRights = (
  needed: readonly NeededPermission[],
  state: "missing" | "not known",
  reason: string,
): readonly TokenRight[] => needed.map((one) => ({ ...one, state, reason }));

/** Codes of obstacles where the token sees no zone. */
const ZONE_UNSEEN = new Set(["permission", "zone_not_found"]);

/** Where the zone could not be read, only Zone Read is known. */
export function rightsWithoutZone(
  needed: readonly NeededPermission[],
  { code, found, fix }: Obstacle,
): readonly TokenRight[] {
  const reason = `${found}. ${fix}`;
  return allRights(needed, "not known", "the zone could not be read").map((right) => {
    if (right.name !== "Zone Read") return right;
    if (ZONE_UNSEEN.has(code)) return { ...right, state: "missing", reason };
    return { ...right, reason };
  });
}
