import { createHash, timingSafeEqual } from "node:crypto";
import type { TunnelConfiguration, VersionedConfiguration } from "./configuration.ts";

/** What a connector claims when it registers, taken from its token. */
export interface TunnelClaim {
  readonly accountTag: string;
  readonly tunnelId: string;
  readonly secret: Buffer;
}

/** Whether a connector may serve a tunnel, and with which configuration; `config` null: none was made yet. */
export type Authorization =
  | { readonly ok: true; readonly config: VersionedConfiguration | null }
  | { readonly ok: false; readonly reason: string };

/** A tunnel as the API keeps it. */
export interface KnownTunnel {
  readonly accountTag: string;
  readonly secret: Buffer;
  readonly config: TunnelConfiguration | null;
  readonly version: number;
  readonly deletedAt: unknown;
}

/**
 * Checks a claim against the tunnel of that id. A client cannot tell an unknown tunnel, a deleted one and a wrong
 * secret apart, neither by the response nor by the time it takes: the secret is compared in any case.
 */
export function authorizeTunnel(tunnel: KnownTunnel | undefined, claim: TunnelClaim): Authorization {
  const secretMatches = equalSecrets(tunnel?.secret ?? Buffer.alloc(0), claim.secret);
  const known = tunnel !== undefined && !tunnel.deletedAt && tunnel.accountTag === claim.accountTag;
  if (!known || !secretMatches || tunnel.secret.length === 0) return { ok: false, reason: "Invalid tunnel secret" };
  return { ok: true, config: tunnel.config && { version: tunnel.version, config: tunnel.config } };
}

/** Compares two secrets of any length in a time that depends on neither. */
export function equalSecrets(expected: Buffer, given: Buffer): boolean {
  const digest = (secret: Buffer) => createHash("sha256").update(secret).digest();
  return timingSafeEqual(digest(expected), digest(given));
}
