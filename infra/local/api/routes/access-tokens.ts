/**
 * Service tokens of Access
 * (https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/service_tokens/). A
 * secret is in the response to what made it, and in no other.
 */
import { randomUUID } from "node:crypto";
import { type AccessCall, accessCall, storeAccess } from "../access/call.ts";
import { parseDuration } from "../access/duration.ts";
import { refuse, taken, tooMany, unknown } from "../access/errors.ts";
import { newClientId, newClientSecret, secretDigest } from "../access/secrets.ts";
import { tokenChange, tokenCreation, tokenRotation } from "../access/shapes.ts";
import type { StoredServiceToken } from "../access/stored.ts";
import { bodyOf } from "../http/handler-call.ts";
import { paged } from "../http/paging.ts";
import type { ApiRoute, HandlerCall, HandlerResult } from "../http/router.ts";

const READ = "Access: Service Tokens Read";
const WRITE = "Access: Service Tokens Write";
/** https://developers.cloudflare.com/cloudflare-one/account-limits/ */
const MAX_TOKENS = 50;
const YEAR = "8760h";

/** What a body may hold of a token. */
interface TokenBody {
  readonly name?: string;
  readonly duration?: string;
  readonly enabled?: boolean;
  readonly client_secret_version?: number;
  readonly previous_client_secret_expires_at?: string;
}

function shown({ secret_digest: _digest, previous, expires_at, ...token }: StoredServiceToken, secret?: string) {
  return {
    ...token,
    ...(expires_at === null ? {} : { expires_at }),
    ...(previous && { previous_client_secret_expires_at: previous.expires_at }),
    ...(secret === undefined ? {} : { client_secret: secret }),
  };
}

function tokenOf(call: HandlerCall, { access }: AccessCall): StoredServiceToken {
  const found = access.service_tokens.find(({ id }) => id === call.params.token);
  if (!found) throw unknown("service_token");
  return found;
}

function expiryOf(call: HandlerCall, duration: string): string | null {
  const milliseconds = parseDuration(duration);
  return milliseconds === undefined ? null : new Date(call.clock.now() + milliseconds).toISOString();
}

function store(call: HandlerCall, on: AccessCall, token: StoredServiceToken): void {
  const tokens = on.access.service_tokens;
  const known = tokens.some(({ id }) => id === token.id);
  const service_tokens = known ? tokens.map((one) => (one.id === token.id ? token : one)) : [...tokens, token];
  storeAccess(call, on, { service_tokens });
}

/** @throws 409 code 11010: Pulumi and people tell tokens apart by their names */
function assertNameFree({ access }: AccessCall, name: string, own?: string): void {
  if (access.service_tokens.some((token) => token.name === name && token.id !== own))
    throw taken("service_token", `another token is named ${name.slice(0, 100)}`);
}

function create(call: HandlerCall): HandlerResult {
  const on = accessCall(call, WRITE);
  const { name = "", duration = YEAR, ...body } = bodyOf(call, tokenCreation, refuse) as TokenBody;
  assertNameFree(on, name);
  if (on.access.service_tokens.length >= MAX_TOKENS) throw tooMany("service_token", MAX_TOKENS);
  const secret = newClientSecret();
  const now = call.clock.timestamp();
  const token: StoredServiceToken = {
    id: randomUUID(),
    name,
    client_id: newClientId(),
    secret_digest: secretDigest(secret),
    client_secret_version: body.client_secret_version ?? 1,
    duration,
    expires_at: expiryOf(call, duration),
    enabled: body.enabled ?? true,
    created_at: now,
    updated_at: now,
  };
  store(call, on, token);
  return { result: shown(token, secret) };
}

/** A token with a new secret; the one before counts until the time that is given, or not at all. */
function rotated(call: HandlerCall, token: StoredServiceToken, version: number, until: string | undefined) {
  const secret = newClientSecret();
  const { previous: _older, ...rest } = token;
  const next: StoredServiceToken = {
    ...rest,
    secret_digest: secretDigest(secret),
    client_secret_version: version,
    previous: {
      secret_digest: token.secret_digest,
      expires_at: until ?? call.clock.timestamp(),
    },
    updated_at: call.clock.timestamp(),
  };
  return { next, secret };
}

function rotate(call: HandlerCall): HandlerResult {
  const on = accessCall(call, WRITE);
  const before = tokenOf(call, on);
  const body = call.body === undefined ? {} : (bodyOf(call, tokenRotation, refuse) as TokenBody);
  const version = before.client_secret_version + 1;
  const { next, secret } = rotated(call, before, version, body.previous_client_secret_expires_at);
  store(call, on, next);
  return { result: shown(next, secret) };
}

/** A higher version of the secret rotates it. A new duration counts from now. */
function update(call: HandlerCall): HandlerResult {
  const on = accessCall(call, WRITE);
  const before = tokenOf(call, on);
  const body = bodyOf(call, tokenChange, refuse) as TokenBody;
  const { name = before.name, duration = before.duration, client_secret_version: version } = body;
  assertNameFree(on, name, before.id);
  if (version !== undefined && version < before.client_secret_version) {
    throw refuse({
      pointer: "/client_secret_version",
      message: `must not be less than ${before.client_secret_version}, the present one`,
    });
  }
  const until = body.previous_client_secret_expires_at;
  const changed: StoredServiceToken = {
    ...before,
    name,
    duration,
    enabled: body.enabled ?? before.enabled,
    expires_at: duration === before.duration ? before.expires_at : expiryOf(call, duration),
    updated_at: call.clock.timestamp(),
  };
  if (version !== undefined && version > before.client_secret_version) {
    const { next, secret } = rotated(call, changed, version, until);
    store(call, on, next);
    return { result: shown(next, secret) };
  }
  const { previous } = before;
  const next = previous && until !== undefined ? { ...changed, previous: { ...previous, expires_at: until } } : changed;
  store(call, on, next);
  return { result: shown(next) };
}

const base = "/accounts/:account/access/service_tokens";

export const accessTokenRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: base,
    handle(call) {
      const { access } = accessCall(call, READ);
      const name = call.query.get("name");
      const tokens = access.service_tokens.filter((token) => !name || token.name === name);
      return paged(
        tokens.map((token) => shown(token)),
        call.query,
        { default: 25, max: 1000 },
      );
    },
  },
  { method: "POST", path: base, body: "required", handle: create },
  {
    method: "GET",
    path: `${base}/:token`,
    handle: (call) => ({ result: shown(tokenOf(call, accessCall(call, READ))) }),
  },
  { method: "PUT", path: `${base}/:token`, body: "required", handle: update },
  {
    method: "DELETE",
    path: `${base}/:token`,
    handle(call) {
      const on = accessCall(call, WRITE);
      const token = tokenOf(call, on);
      storeAccess(call, on, { service_tokens: on.access.service_tokens.filter(({ id }) => id !== token.id) });
      return { result: shown(token) };
    },
  },
  { method: "POST", path: `${base}/:token/rotate`, body: "optional", handle: rotate },
  {
    method: "POST",
    path: `${base}/:token/refresh`,
    body: "optional",
    handle(call) {
      const on = accessCall(call, WRITE);
      const before = tokenOf(call, on);
      const times = { expires_at: expiryOf(call, YEAR), updated_at: call.clock.timestamp() };
      const next = before.expires_at === null ? before : { ...before, ...times };
      store(call, on, next);
      return { result: shown(next) };
    },
  },
];
