/** The stack's tunnel at Cloudflare, for what no run of the program does: rotate its secret, end its connections. */
import { randomBytes } from "node:crypto";
import Cloudflare from "cloudflare";
import { readAccess } from "../../infra/config.ts";
import { type Cli, PulumiFailed, type StateResource } from "./cli.ts";
import { VerbError } from "./verb.ts";

const TYPE = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
const SECRET_BYTES = 32;

export interface Tunnel {
  readonly urn: string;
  /** Gives it a new secret and answers the token that has it. Connectors that run go on; no new one starts with the old token. */
  rotate(): Promise<string>;
  /** Ends every connection of every connector. */
  disconnect(): Promise<void>;
}

/** The tunnel in the stack's state; undefined where there is none. */
export async function openTunnel(
  cli: Cli,
  resources: readonly StateResource[],
  env: NodeJS.ProcessEnv,
): Promise<Tunnel | undefined> {
  const found = resources.find(({ type }) => type === TYPE);
  const accountId = found?.inputs?.accountId;
  if (found?.id === undefined || typeof accountId !== "string") return undefined;
  const { urn, id } = found;
  const tunnels = (await clientOf(cli, env)).zeroTrust.tunnels.cloudflared;
  const place = { account_id: accountId };
  return {
    urn,
    async rotate() {
      await told(tunnels.edit(id, { ...place, tunnel_secret: randomBytes(SECRET_BYTES).toString("base64") }));
      return told(tunnels.token.get(id, place));
    },
    async disconnect() {
      await told(tunnels.connections.delete(id, place));
    },
  };
}

async function clientOf(cli: Cli, env: NodeJS.ProcessEnv): Promise<Cloudflare> {
  const { code, output, errors } = await cli.read("config", "--json", "--show-secrets");
  if (code !== 0) throw new PulumiFailed(errors.trim());
  const config: Readonly<Record<string, { readonly value?: string }>> = JSON.parse(output);
  const values = Object.fromEntries(Object.entries(config).map(([key, { value = "" }]) => [key, value]));
  return new Cloudflare({ ...readAccess(values, env), logLevel: "off" });
}

async function told<T>(call: PromiseLike<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof Cloudflare.APIError)) throw error;
    const reasons = error.errors?.map(({ code, message }) => `${code} ${message}`).join("; ") || error.message;
    throw new VerbError(
      `Cloudflare refused (${error.status ?? "no answer"}: ${reasons}). The API token needs the permission "Cloudflare Tunnel Write".`,
    );
  }
}
