import { createHash, timingSafeEqual } from "node:crypto";
import type { StoredAccess, StoredServiceToken } from "../api/access/index.ts";
import { type AccessRequest, headerValues } from "./outcome.ts";

/** The service token that a request shows; why it shows none; or undefined where it does not try. */
export type ShownToken = { readonly token: StoredServiceToken } | { readonly problem: string } | undefined;

/**
 * Reads `CF-Access-Client-Id` and `CF-Access-Client-Secret` by the strict rules that organizations have since
 * 2026-10-05: headers that are there twice or incomplete are refused
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/service-tokens/).
 */
export function shownToken(request: AccessRequest, { service_tokens: tokens }: StoredAccess): ShownToken {
  const ids = headerValues(request, "cf-access-client-id");
  const secrets = headerValues(request, "cf-access-client-secret");
  if (ids.length === 0 && secrets.length === 0) return undefined;
  const [id, secret] = [ids[0], secrets[0]];
  if (ids.length !== 1 || secrets.length !== 1 || id === undefined || secret === undefined) {
    return { problem: "CF-Access-Client-Id and CF-Access-Client-Secret must both be there, once" };
  }
  const token = tokens.find(({ client_id }) => client_id === id);
  // an unknown client costs the same comparison
  const isCurrent = isSecret(secret, token?.secret_digest ?? "0".repeat(64));
  const { previous } = token ?? {};
  const isPrevious = isSecret(secret, previous?.secret_digest ?? "0".repeat(64));
  const inGrace = isPrevious && previous !== undefined && Date.parse(previous.expires_at) > request.time;
  if (!token || !(isCurrent || inGrace)) return { problem: "the service token is unknown, or its secret is wrong" };
  if (!token.enabled) return { problem: `the service token ${token.name} is turned off` };
  if (token.expires_at !== null && Date.parse(token.expires_at) <= request.time)
    return { problem: `the service token ${token.name} has expired` };
  return { token };
}

/** In constant time, by digest. */
function isSecret(given: string, digest: string): boolean {
  return timingSafeEqual(createHash("sha256").update(given).digest(), Buffer.from(digest, "hex"));
}
