import type { ServiceBroker } from "moleculer";
import { type Caller, call, refuse, rolesFrom, type VerifiedToken } from "../contract/index.ts";
import type { Role } from "../surface/roles.ts";

/** The user and session of a client, from a verified access token; frozen. */
export interface Identity {
  readonly user: Caller;
  /** When the token ends, or the assertion that an entry needs besides it; in milliseconds since 1970. */
  readonly expiresAt: number;
  /** When verifying the token began, by `performance.now`: later changes of the session or user are not in here. */
  readonly askedAt: number;
}

/** Maximum delay of setTimeout, in milliseconds. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Milliseconds until a token expires, as a delay for setTimeout; both times in milliseconds since 1970. */
export function untilExpiry(expiresAt: number, now: number): number {
  return Math.min(Math.max(0, expiresAt - now), MAX_TIMEOUT_MS);
}

/** Throws UNAUTHORIZED or FORBIDDEN for a caller without the role of `access`. The action checks it as well. */
export function checkAccess(access: Role | "public", identity: Identity | undefined): void {
  if (access === "public") return;
  if (!identity) throw refuse("UNAUTHORIZED");
  const roles = rolesFrom(access);
  if (!identity.user.roles.some((role) => roles.includes(role))) throw refuse("FORBIDDEN");
}

/** Characters of a token; every valid one is shorter. */
const MAX_TOKEN_LENGTH = 4096;
const BEARER = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * The token in an `Authorization` header (RFC 6750 2.1); undefined when there is none. Throws UNAUTHORIZED when it is
 * malformed.
 */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const token = BEARER.exec(header)?.[1];
  if (token === undefined || token.length > MAX_TOKEN_LENGTH) throw refuse("UNAUTHORIZED");
  return token;
}

/** Reads the identity of an access token by `auth.verifyToken`. Rejects with UNAUTHORIZED for an invalid one. */
export async function identify(broker: ServiceBroker, token: unknown): Promise<Identity> {
  if (typeof token !== "string" || token.length === 0 || token.length > MAX_TOKEN_LENGTH) throw refuse("UNAUTHORIZED");
  const askedAt = performance.now();
  return identityOf(await call(broker, "auth.verifyToken", { token }), askedAt);
}

function identityOf({ id, roles, sid, exp }: VerifiedToken, askedAt: number): Identity {
  const user: Caller = Object.freeze({ id, roles: Object.freeze([...roles]), sid });
  return Object.freeze({ user, expiresAt: exp * 1000, askedAt });
}
