/**
 * Cloudflare Tunnels
 * (https://developers.cloudflare.com/api/resources/zero_trust/subresources/tunnels/subresources/cloudflared/).
 */
import { randomUUID } from "node:crypto";
import { conflict, invalid, notFound } from "../errors.ts";
import { accountOf, bodyOf } from "../http/handler-call.ts";
import { paged } from "../http/paging.ts";
import type { ApiRoute, HandlerCall } from "../http/router.ts";
import { newTunnelSecret } from "../ids.ts";
import { type Misfit, object, oneOf, text } from "../shape.ts";
import type { StoredTunnel, TunnelConfig } from "../state.ts";
import { assertRunnable, BAD_CONFIGURATION, configurationShape } from "../tunnels/config.ts";
import { connectorToken, shownConnectors, shownTunnel } from "../tunnels/shown.ts";

/** Characters of base64; real secrets have 44. */
const MAX_SECRET_CHARACTERS = 1024;
const secret = (value: unknown, pointer: string) =>
  typeof value === "string" &&
  value.length <= MAX_SECRET_CHARACTERS &&
  /^[A-Za-z0-9+/]+={0,2}$/.test(value) &&
  Buffer.from(value, "base64").length >= 32
    ? undefined
    : { pointer, message: "must be base64 of at least 32 bytes" };
const name = text({ min: 1, max: 100 });
const creation = object({ "name*": name, config_src: oneOf("local", "cloudflare"), tunnel_secret: secret });
const change = object({ name, tunnel_secret: secret });

/** The numeric code of a misfit in a tunnel's body is ours. */
const refuse = ({ pointer, message }: Misfit) =>
  invalid(1002, `Invalid request body: ${pointer || "/"} ${message}`, pointer);

/** A tunnel by the path's id, deleted or not; 404 where there never was one. The numeric code is ours. */
function tunnelOf(call: HandlerCall): StoredTunnel {
  const account = accountOf(call);
  const id = call.params.tunnel;
  const tunnel = call.state.tunnels.find((stored) => stored.id === id && stored.account_tag === account.id);
  if (!tunnel) throw notFound(1003, "Tunnel not found");
  return tunnel;
}

/** The same, but a deleted one is not found either: it takes no more changes. */
function liveTunnelOf(call: HandlerCall): StoredTunnel {
  const tunnel = tunnelOf(call);
  if (tunnel.deleted_at !== null) throw notFound(1003, "Tunnel not found");
  return tunnel;
}

function assertNameFree(call: HandlerCall, wanted: string, except?: string): void {
  const clash = call.state.tunnels.some(
    (other) =>
      other.deleted_at === null &&
      other.name === wanted &&
      other.id !== except &&
      other.account_tag === call.params.account,
  );
  if (clash) {
    throw conflict(
      1013,
      "You already have a tunnel with this name. Delete the existing tunnel, or choose a different name for your new " +
        "tunnel.",
    );
  }
}

function listTunnels(call: HandlerCall) {
  call.requirePermission("Cloudflare Tunnel Read");
  const account = accountOf(call);
  const { query } = call;
  const prefixes = (key: string) =>
    query
      .getAll(key)
      .flatMap((value) => value.split(","))
      .filter(Boolean);
  const [include, exclude] = [prefixes("include_prefix"), prefixes("exclude_prefix")];
  const given = (key: string, of: (tunnel: StoredTunnel) => string) => {
    const wanted = query.get(key);
    return wanted === null || wanted === "" ? () => true : (tunnel: StoredTunnel) => of(tunnel) === wanted;
  };
  const tests = [
    given("name", (tunnel) => tunnel.name),
    given("uuid", (tunnel) => tunnel.id),
    given("is_deleted", (tunnel) => String(tunnel.deleted_at !== null)),
    given("status", (tunnel) => call.live.status(tunnel.id)),
    (tunnel: StoredTunnel) => include.length === 0 || include.some((prefix) => tunnel.name.startsWith(prefix)),
    (tunnel: StoredTunnel) => !exclude.some((prefix) => tunnel.name.startsWith(prefix)),
  ];
  const tunnels = call.state.tunnels.filter(
    (tunnel) => tunnel.account_tag === account.id && tests.every((test) => test(tunnel)),
  );
  return paged(
    tunnels.map((tunnel) => shownTunnel(tunnel, call.live)),
    query,
    { default: 20, max: 1000 },
  );
}

function createTunnel(call: HandlerCall) {
  call.requirePermission("Cloudflare Tunnel Write");
  const account = accountOf(call);
  const body = bodyOf(call, creation, refuse);
  const wanted = String(body.name);
  assertNameFree(call, wanted);
  const now = call.clock.timestamp();
  const tunnel: StoredTunnel = {
    id: randomUUID(),
    account_tag: account.id,
    name: wanted,
    config_src: body.config_src === "cloudflare" ? "cloudflare" : "local",
    secret: typeof body.tunnel_secret === "string" ? body.tunnel_secret : newTunnelSecret(),
    config: null,
    version: 0,
    config_created_at: now,
    created_at: now,
    deleted_at: null,
  };
  call.state.tunnels.push(tunnel);
  call.reportChange({ kind: "tunnel", id: tunnel.id });
  return { result: shownTunnel(tunnel, call.live) };
}

function editTunnel(call: HandlerCall) {
  call.requirePermission("Cloudflare Tunnel Write");
  const tunnel = liveTunnelOf(call);
  const body = bodyOf(call, change, refuse);
  if (typeof body.name === "string") {
    assertNameFree(call, body.name, tunnel.id);
    tunnel.name = body.name;
  }
  if (typeof body.tunnel_secret === "string") tunnel.secret = body.tunnel_secret;
  call.reportChange({ kind: "tunnel", id: tunnel.id });
  return { result: shownTunnel(tunnel, call.live) };
}

function deleteTunnel(call: HandlerCall) {
  call.requirePermission("Cloudflare Tunnel Write");
  const tunnel = liveTunnelOf(call);
  if (call.live.connections(tunnel.id).length > 0) {
    throw invalid(
      1022,
      "Cannot delete tunnel because it has active connections. Please delete or close all active connections before " +
        "trying again.",
    );
  }
  tunnel.deleted_at = call.clock.timestamp();
  call.reportChange({ kind: "tunnel", id: tunnel.id });
  return { result: shownTunnel(tunnel, call.live) };
}

function shownConfiguration(tunnel: StoredTunnel) {
  const { id, account_tag, version, config, config_src, config_created_at } = tunnel;
  return { account_id: account_tag, tunnel_id: id, version, config, source: config_src, created_at: config_created_at };
}

function putConfiguration(call: HandlerCall) {
  call.requirePermission("Cloudflare Tunnel Write");
  const tunnel = liveTunnelOf(call);
  const body = bodyOf(call, configurationShape, ({ pointer, message }) =>
    invalid(BAD_CONFIGURATION, `Bad Configuration: ${pointer || "/"} ${message}`, pointer),
  );
  const config = body.config as TunnelConfig;
  assertRunnable(config);
  tunnel.config = config;
  tunnel.version += 1;
  tunnel.config_created_at = call.clock.timestamp();
  call.reportChange({ kind: "tunnel", id: tunnel.id });
  return { result: shownConfiguration(tunnel) };
}

const base = "/accounts/:account/cfd_tunnel";

export const tunnelRoutes: readonly ApiRoute[] = [
  { method: "GET", path: base, handle: listTunnels },
  { method: "POST", path: base, body: "required", handle: createTunnel },
  {
    method: "GET",
    path: `${base}/:tunnel`,
    handle(call) {
      call.requirePermission("Cloudflare Tunnel Read");
      return { result: shownTunnel(tunnelOf(call), call.live) };
    },
  },
  { method: "PATCH", path: `${base}/:tunnel`, body: "required", handle: editTunnel },
  { method: "DELETE", path: `${base}/:tunnel`, body: "optional", handle: deleteTunnel },
  {
    method: "GET",
    path: `${base}/:tunnel/configurations`,
    handle(call) {
      call.requirePermission("Cloudflare Tunnel Read");
      return { result: shownConfiguration(liveTunnelOf(call)) };
    },
  },
  { method: "PUT", path: `${base}/:tunnel/configurations`, body: "required", handle: putConfiguration },
  {
    // the token is a credential: an API token that may only read tunnels must not get it
    method: "GET",
    path: `${base}/:tunnel/token`,
    handle(call) {
      call.requirePermission("Cloudflare Tunnel Write");
      return { result: connectorToken(liveTunnelOf(call)) };
    },
  },
  {
    method: "GET",
    path: `${base}/:tunnel/connections`,
    handle(call) {
      call.requirePermission("Cloudflare Tunnel Read");
      return { result: shownConnectors(tunnelOf(call), call.live) };
    },
  },
  {
    method: "DELETE",
    path: `${base}/:tunnel/connections`,
    body: "optional",
    handle(call) {
      call.requirePermission("Cloudflare Tunnel Write");
      const tunnel = tunnelOf(call);
      call.disconnect(tunnel.id);
      return { result: null };
    },
  },
];
