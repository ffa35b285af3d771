/**
 * Applications of Access, of the type self_hosted with reusable policies
 * (https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/applications/).
 */
import { randomUUID } from "node:crypto";
import { type AccessCall, accessCall, storeAccess } from "../access/call.ts";
import { refuse, taken, tooMany, unknown } from "../access/errors.ts";
import { newAudience } from "../access/secrets.ts";
import { appBody } from "../access/shapes.ts";
import type { AccessDestination, StoredAccessApp } from "../access/stored.ts";
import { bodyOf } from "../http/handler-call.ts";
import { paged } from "../http/paging.ts";
import type { ApiRoute, HandlerCall, HandlerResult } from "../http/router.ts";
import type { JsonObject } from "../shape.ts";

const READ = "Access: Apps and Policies Read";
const WRITE = "Access: Apps and Policies Write";
/** https://developers.cloudflare.com/cloudflare-one/account-limits/ */
const MAX_APPS = 500;

/** With its policies in full, as the SDK's types have them. */
function shown(app: StoredAccessApp, { access }: AccessCall) {
  const policies = app.policies.map(({ id, precedence }) => ({
    ...access.policies.find((policy) => policy.id === id),
    id,
    precedence,
    reusable: true,
  }));
  return { ...app, self_hosted_domains: app.destinations.map(({ uri }) => uri), policies };
}

function appOf(call: HandlerCall, { access }: AccessCall): StoredAccessApp {
  const found = access.apps.find(({ id }) => id === call.params.app);
  if (!found) throw unknown("application");
  return found;
}

/** What an application covers: `destinations`, else `self_hosted_domains`, else `domain`. */
function destinationsOf(body: Partial<StoredAccessApp> & JsonObject): readonly AccessDestination[] {
  if (body.destinations && body.destinations.length > 0) return body.destinations;
  const domains = body.self_hosted_domains as readonly string[] | undefined;
  const uris = domains && domains.length > 0 ? domains : body.domain === undefined ? [] : [body.domain];
  return uris.map((uri) => ({ type: "public", uri }));
}

/** A slash at the end and the case of the hostname make no other destination. */
function sameDestination(one: string, other: string): boolean {
  const canonical = (uri: string) => {
    const at = `${uri}/`.indexOf("/");
    return `${uri.slice(0, at).toLowerCase()}${uri.slice(at).replace(/\/$/, "")}`;
  };
  return canonical(one) === canonical(other);
}

/** @throws 400 for a hostname of a zone that the account does not have, 409 for what another application covers */
function assertFree(call: HandlerCall, { access, account }: AccessCall, uris: readonly string[], own?: string): void {
  const zones = call.state.zones.filter((zone) => zone.account_id === account.id);
  for (const [index, uri] of uris.entries()) {
    const host = uri.split("/")[0]?.toLowerCase() ?? "";
    if (!zones.some(({ name }) => host === name || host.endsWith(`.${name}`)))
      throw refuse({ pointer: `/destinations/${index}`, message: `${host} belongs to no zone of the account` });
    const other = access.apps.find(
      (app) => app.id !== own && app.destinations.some((destination) => sameDestination(destination.uri, uri)),
    );
    if (other) throw taken("application", `${uri} belongs to the application ${other.name.slice(0, 100)}`);
  }
}

function assertPolicies({ access }: AccessCall, links: StoredAccessApp["policies"]): void {
  for (const [index, { id, precedence }] of links.entries()) {
    const pointer = `/policies/${index}`;
    if (!access.policies.some((policy) => policy.id === id))
      throw refuse({ pointer: `${pointer}/id`, message: `${id} is no reusable policy of the account` });
    const first = links.findIndex((link) => link.id === id || link.precedence === precedence);
    if (first < index) throw refuse({ pointer, message: `has the id or the precedence of /policies/${first}` });
  }
}

/** An application as a body gives it: a PUT leaves nothing of the one before but its id and its audience. */
function write(call: HandlerCall, on: AccessCall, before?: StoredAccessApp): HandlerResult {
  const body = bodyOf(call, appBody, refuse) as Partial<StoredAccessApp> & JsonObject;
  const destinations = destinationsOf(body);
  const [first] = destinations;
  if (first === undefined)
    throw refuse({ pointer: "/destinations", message: "is required: what does the application cover?" });
  const { domain = first.uri } = body;
  if (!destinations.some(({ uri }) => sameDestination(uri, domain)))
    throw refuse({ pointer: "/domain", message: "must be one of the destinations" });
  const uris = destinations.map(({ uri }) => uri);
  assertFree(call, on, uris, before?.id);
  const given = (body.policies ?? []) as readonly { id: string; precedence?: number }[];
  const policies = given.map(({ id, precedence }, index) => ({ id, precedence: precedence ?? index + 1 }));
  assertPolicies(on, policies);
  const now = call.clock.timestamp();
  const { self_hosted_domains: _domains, ...fields } = body;
  const app: StoredAccessApp = {
    app_launcher_visible: true,
    auto_redirect_to_identity: false,
    allowed_idps: [],
    tags: [],
    enable_binding_cookie: false,
    http_only_cookie_attribute: true,
    options_preflight_bypass: false,
    session_duration: "24h",
    ...fields,
    id: before?.id ?? randomUUID(),
    aud: before?.aud ?? newAudience(),
    name: String(body.name),
    type: "self_hosted",
    domain,
    destinations,
    policies,
    created_at: before?.created_at ?? now,
    updated_at: now,
  };
  const { apps } = on.access;
  const next = before ? apps.map((one) => (one.id === app.id ? app : one)) : [...apps, app];
  if (next.length > MAX_APPS) throw tooMany("application", MAX_APPS);
  storeAccess(call, on, { apps: next });
  return { result: shown(app, on) };
}

const base = "/accounts/:account/access/apps";

export const accessAppRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: base,
    handle(call) {
      const on = accessCall(call, READ);
      const { query } = call;
      const wanted = (key: "name" | "domain" | "aud") => (app: StoredAccessApp) =>
        !query.get(key) || app[key] === query.get(key);
      const tests = [wanted("name"), wanted("domain"), wanted("aud")];
      const apps = on.access.apps.filter((app) => tests.every((test) => test(app)));
      return paged(
        apps.map((app) => shown(app, on)),
        query,
        { default: 25, max: 1000 },
      );
    },
  },
  { method: "POST", path: base, body: "required", handle: (call) => write(call, accessCall(call, WRITE)) },
  {
    method: "GET",
    path: `${base}/:app`,
    handle(call) {
      const on = accessCall(call, READ);
      return { result: shown(appOf(call, on), on) };
    },
  },
  {
    method: "PUT",
    path: `${base}/:app`,
    body: "required",
    handle(call) {
      const on = accessCall(call, WRITE);
      return write(call, on, appOf(call, on));
    },
  },
  {
    method: "DELETE",
    path: `${base}/:app`,
    handle(call) {
      const on = accessCall(call, WRITE);
      const { id } = appOf(call, on);
      storeAccess(call, on, { apps: on.access.apps.filter((app) => app.id !== id) });
      return { status: 202, result: { id } };
    },
  },
];
