/** The stack's tunnel at Cloudflare, for what no run of the program does: rotate its secret, end its connections. */
import { randomBytes } from "node:crypto";
import Cloudflare from "cloudflare";
import { type Access, readAccess } from "../../infra/config.ts";
import { type Cli, PulumiFailed, type StateResource } from "./cli.ts";
import { VerbError } from "./verb.ts";

const TYPE = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
const SECRET_BYTES = 32;

export interface Tunnel {
  readonly urn: string;
  readonly id: string;
  /** Gives it a new secret and answers the token that has it. Connectors that run go on; no new one starts with the old token. */
  rotate(): Promise<string>;
  /** Ends every connection of every connector. */
  disconnect(): Promise<void>;
  /** When it was deleted, where it was: Cloudflare goes on answering for a deleted tunnel (cloudflared#1210). */
  deletedAt(): Promise<string | undefined>;
}

/** The tunnel in the stack's state, reached as the stack's configuration says; undefined where there is none. */
export async function openTunnel(
  cli: Cli,
  resources: readonly StateResource[],
  env: NodeJS.ProcessEnv,
): Promise<Tunnel | undefined> {
  return resources.some(({ type }) => type === TYPE) ? tunnelOf(resources, await accessOf(cli, env)) : undefined;
}

/** The tunnel in the stack's state; undefined where there is none. Its calls throw VerbError where Cloudflare refuses. */
export function tunnelOf(resources: readonly StateResource[], access: Access): Tunnel | undefined {
  const found = resources.find(({ type }) => type === TYPE);
  const accountId = found?.inputs?.accountId;
  if (found?.id === undefined || typeof accountId !== "string") return undefined;
  const { urn, id } = found;
  const tunnels = new Cloudflare({ ...access, logLevel: "off" }).zeroTrust.tunnels.cloudflared;
  const place = { account_id: accountId };
  return {
    urn,
    id,
    async rotate() {
      await told(tunnels.edit(id, { ...place, tunnel_secret: randomBytes(SECRET_BYTES).toString("base64") }));
      return told(tunnels.token.get(id, place));
    },
    async disconnect() {
      await told(tunnels.connections.delete(id, place));
    },
    async deletedAt() {
      const { deleted_at } = await told(tunnels.get(id, place));
      return deleted_at ?? undefined;
    },
  };
}

async function accessOf(cli: Cli, env: NodeJS.ProcessEnv): Promise<Access> {
  const { code, output, errors } = await cli.read("config", "--json", "--show-secrets");
  if (code !== 0) throw new PulumiFailed(errors.trim());
  const config: Readonly<Record<string, { readonly value?: string }>> = JSON.parse(output);
  return readAccess(Object.fromEntries(Object.entries(config).map(([key, { value = "" }]) => [key, value])), env);
}

async function told<T>(call: PromiseLike<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof Cloudflare.APIError)) throw error;
    const reasons = error.errors?.map(({ code, message }) => `${code} ${message}`).join("; ") || error.message;
    throw new VerbError(`Cloudflare refused (${error.status ?? "no answer"}: ${reasons}). ${adviceFor(error.status)}`);
  }
}

function adviceFor(status: number | undefined): string {
  if (status === 401 || status === 403) return 'The API token needs the permission "Cloudflare Tunnel Write".';
  if (status === 404) return "The tunnel is not there any more: `npm run up` makes a new one.";
  return "Run the same command again.";
}
