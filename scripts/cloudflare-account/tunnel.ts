/**
 * The stack's tunnel at Cloudflare, for what the Pulumi program does not do: rotate its secret, list and end its
 * connections.
 */
import { randomBytes } from "node:crypto";
import type Cloudflare from "cloudflare";
import type { Client as CloudflaredClient } from "cloudflare/resources/zero-trust/tunnels/cloudflared/connections";
import { type PermissionName, printable } from "../../infra/preflight/for-commands.ts";
import { isObject } from "../../infra/rules/index.ts";
import { type StateResource, TUNNEL_TYPE } from "../pulumi-cli/stack-state.ts";
import { type AccountError, callApi, responseWithoutResult } from "./account.ts";

const SECRET_BYTES = 32;
const PERMISSION = "Cloudflare Tunnel Write" satisfies PermissionName;

/** A connector that has connections to the tunnel, wherever it runs. */
export interface ConnectedClient {
  /** The id that the connector made for itself when it started. */
  readonly id: string;
  readonly version: string;
  /** IP addresses that Cloudflare sees it at. */
  readonly addresses: readonly string[];
  /** When it started, in RFC 3339; empty where Cloudflare does not say. */
  readonly startedAt: string;
  /** How many connections it has; cloudflared keeps four. */
  readonly connections: number;
  /** Cloudflare's data centres that it is connected to. */
  readonly dataCentres: readonly string[];
}

/** What Cloudflare shows of the tunnel itself. */
interface TunnelFacts {
  /** Cloudflare's word for its state: inactive, degraded, healthy or down. */
  readonly status: string;
  /** When it was deleted, where it was: Cloudflare goes on responding for a deleted tunnel (cloudflared#1210). */
  readonly deletedAt: string | undefined;
}

export interface StackTunnel {
  readonly urn: string;
  readonly id: string;
  /** It was there before the stack, and stays when the stack goes. */
  readonly isAdopted: boolean;
  /** Gives it a new secret: connectors that run go on, and none starts with the old token. */
  changeSecret(): Promise<void>;
  /** The token with the present secret. */
  token(): Promise<string>;
  /** Those that have connections; Cloudflare lists others too. */
  connectors(): Promise<readonly ConnectedClient[]>;
  read(): Promise<TunnelFacts>;
  /** Ends every connection of every connector. */
  disconnect(): Promise<void>;
  /** `deletedAt` of `read`. */
  deletedAt(): Promise<string | undefined>;
}

/**
 * The tunnel in the stack's state; undefined where there is none. Its calls throw AccountError where Cloudflare
 * refuses.
 */
export function tunnelOf(resources: readonly StateResource[], api: Cloudflare): StackTunnel | undefined {
  const found = resources.find(({ type }) => type === TUNNEL_TYPE);
  const accountId = found?.inputs?.accountId;
  if (found?.id === undefined || typeof accountId !== "string") return undefined;
  const { urn, id } = found;
  const tunnels = api.zeroTrust.tunnels.cloudflared;
  const account = { account_id: accountId };
  async function read(): Promise<TunnelFacts> {
    try {
      const tunnel = await callApi(tunnels.get(id, account), PERMISSION);
      // the types do not promise what the network sends
      if (!isObject(tunnel as unknown)) throw responseWithoutResult();
      return { status: tunnel.status ?? "not shown", deletedAt: tunnel.deleted_at ?? undefined };
    } catch (error) {
      if ((error as AccountError).status === 404) return { status: "deleted", deletedAt: "at an unknown time" };
      throw error;
    }
  }
  return {
    urn,
    id,
    isAdopted: found.retainOnDelete === true,
    async changeSecret() {
      const tunnel_secret = randomBytes(SECRET_BYTES).toString("base64");
      await callApi(tunnels.edit(id, { ...account, tunnel_secret }), PERMISSION);
    },
    token: () => callApi(tunnels.token.get(id, account), PERMISSION),
    async connectors() {
      const { result } = await callApi(tunnels.connections.get(id, account), PERMISSION);
      return (result ?? []).map(clientOf).filter(({ connections }) => connections > 0);
    },
    read,
    async disconnect() {
      await callApi(tunnels.connections.delete(id, account), PERMISSION);
    },
    deletedAt: async () => (await read()).deletedAt,
  };
}

/** Cloudflare sends null, which the types do not have, for the connections of a connector without any. */
function clientOf({ id, version, run_at, conns }: Nullable<CloudflaredClient>): ConnectedClient {
  const connections = conns ?? [];
  return {
    id: id ?? "(no id)",
    version: version ?? "",
    addresses: distinct(connections.map(({ origin_ip }) => origin_ip)),
    startedAt: run_at ?? "",
    connections: connections.length,
    dataCentres: distinct(connections.map(({ colo_name }) => colo_name)),
  };
}

type Nullable<T> = { readonly [Name in keyof T]: T[Name] | null };

const distinct = (texts: readonly (string | undefined)[]): readonly string[] => [
  ...new Set(texts.flatMap((text) => text || [])),
];

/** A connector in one line, for the operator who has to find it. It chose its id and its version itself. */
export function describeClient({ id, version, addresses }: ConnectedClient): string {
  const from = addresses.length === 0 ? "an unknown address" : addresses.join(", ");
  return printable(`connector ${id} at ${from}${version === "" ? "" : `, version ${version}`}`);
}
