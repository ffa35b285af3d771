import type { IncomingMessage } from "node:http";
import type { Meta } from "../../contract/index.ts";
import type { HttpEntry } from "../../surface.ts";
import type { Identity } from "../identity.ts";
import type { GatewayResponse } from "../internals/usual-head.ts";
import type { UnsentReceiver } from "../limits/caps/unsent-bytes.ts";
import type { Client } from "../limits/client-address.ts";
import type { OriginKind } from "../limits/origins.ts";
import { requestId } from "./request-id.ts";

/** One request on its way through the gateway. */
export interface Exchange {
  readonly id: string;
  /** By `performance.now`. */
  readonly started: number;
  readonly request: IncomingMessage;
  readonly response: GatewayResponse;
  readonly path: string;
  /** Without the question mark; empty where there is none. */
  readonly query: string;
  readonly client: Client;
  readonly originKind: OriginKind;
  /** Once it is known. */
  entry: HttpEntry | undefined;
  /** Once it is known; never for a public entry. */
  identity: Identity | undefined;
}

/** Characters of a client's `User-Agent` that are passed on, at most. */
const AGENT_MAX = 200;

export function exchangeOf(
  request: IncomingMessage,
  response: GatewayResponse,
  client: Client,
  originKind: OriginKind,
): Exchange {
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  return {
    id: requestId(),
    started: performance.now(),
    request,
    response,
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? "" : url.slice(mark + 1),
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

/** What the action of a request gets besides its parameters. */
export function metaOf({ request, client, identity }: Exchange): Meta {
  const agent = request.headers["user-agent"];
  const { address } = client;
  const from = agent === undefined ? { address } : { address, agent: agent.slice(0, AGENT_MAX) };
  return identity ? { user: identity.user, client: from } : { client: from };
}
