import type { IncomingMessage } from "node:http";
import type { Meta } from "../../contract/index.ts";
import type { HttpEntry } from "../../surface.ts";
import type { Identity } from "../identity.ts";
import type { GatewayResponse } from "../internals/usual-head.ts";
import type { UnsentReceiver } from "../limits/caps/unsent-bytes.ts";
import type { Client } from "../limits/client-address.ts";
import type { OriginKind } from "../limits/origins.ts";
import { requestId } from "./request-id.ts";

/** One request, and what the gateway knows of it so far. */
export interface Exchange {
  readonly id: string;
  /** When the request arrived, by `performance.now`. */
  readonly started: number;
  readonly request: IncomingMessage;
  readonly response: GatewayResponse;
  readonly path: string;
  /** The query without its question mark; may be empty. */
  readonly query: string;
  readonly client: Client;
  readonly originKind: OriginKind;
  /** Set when the entry of the surface is known. */
  entry: HttpEntry | undefined;
  /** Set when the caller is verified; never for a public entry. */
  identity: Identity | undefined;
}

/** Maximum characters of a `User-Agent` that actions get. */
const MAX_AGENT_LENGTH = 200;

export function exchangeOf(
  request: IncomingMessage,
  response: GatewayResponse,
  client: Client,
  originKind: OriginKind,
): Exchange {
  const url = request.url ?? "/";
  const queryAt = url.indexOf("?");
  return {
    id: requestId(),
    started: performance.now(),
    request,
    response,
    path: queryAt < 0 ? url : url.slice(0, queryAt),
    query: queryAt < 0 ? "" : url.slice(queryAt + 1),
    client,
    originKind,
    entry: undefined,
    identity: undefined,
  };
}

/** The receiver of a response: limits count unread bytes and streams by it. */
export function receiverOf({ client, identity }: Pick<Exchange, "client" | "identity">): UnsentReceiver {
  return { address: client.key, user: identity?.user.id };
}

/** The `meta` that the action of a request gets. */
export function metaOf({ request, client, identity, entry }: Exchange): Meta {
  const userAgent = request.headers["user-agent"];
  const { address } = client;
  const metaClient: NonNullable<Meta["client"]> =
    userAgent === undefined ? { address } : { address, userAgent: userAgent.slice(0, MAX_AGENT_LENGTH) };
  if (entry?.action === "gateway.health") return { client: { ...metaClient, ...connectorOf(request, client) } };
  return identity ? { user: identity.user, client: metaClient } : { client: metaClient };
}

/**
 * The connector by the header with which cloudflared tags each request (cloudflared, proxy/proxy.go). It counts where
 * the request came through Cloudflare. cloudflared adds its own value after one that a client sent.
 */
function connectorOf({ headers }: IncomingMessage, { ray }: Client): { readonly connector?: string } {
  const tag = ray === undefined ? undefined : headers["cf-warp-tag-id"];
  return typeof tag === "string" ? { connector: tag.slice(tag.lastIndexOf(",") + 1).trim() } : {};
}
