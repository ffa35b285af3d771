import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  authorizeTunnel,
  startTunnelEdge,
  type TunnelConfiguration,
  type TunnelEdge,
} from "../../infra/local/tunnel/index.ts";

/** A local edge with one tunnel, its token in a file and in the hand. */
export interface EdgeForTests {
  readonly edge: TunnelEdge;
  readonly folder: string;
  readonly tunnelId: string;
  readonly token: string;
  readonly wrongToken: string;
  readonly tokenFile: string;
  /** Resolves when the tunnel has so many connections. */
  until(connections: number): Promise<void>;
  close(): Promise<void>;
}

export async function startEdgeForTests(config: TunnelConfiguration | null): Promise<EdgeForTests> {
  const folder = await mkdtemp(join(tmpdir(), "causeway-road-"));
  const tunnelId = randomUUID();
  const secret = randomBytes(32);
  const tokenWith = (bytes: Buffer) =>
    Buffer.from(JSON.stringify({ a: "account", t: tunnelId, s: bytes.toString("base64") })).toString("base64");
  const watchers = new Set<() => void>();
  const edge = await startTunnelEdge({
    certificates: join(folder, "certificates"),
    authorize: (claim) =>
      authorizeTunnel(
        claim.tunnelId === tunnelId
          ? { accountTag: "account", secret, config, version: 1, deletedAt: null }
          : undefined,
        claim,
      ),
    onConnections: () => {
      for (const watcher of watchers) watcher();
    },
  });
  const tokenFile = join(folder, "tunnel-token");
  await writeFile(tokenFile, `${tokenWith(secret)}\n`, { mode: 0o600 });
  return {
    edge,
    folder,
    tunnelId,
    token: tokenWith(secret),
    wrongToken: tokenWith(randomBytes(32)),
    tokenFile,
    until: (connections) =>
      new Promise((resolve) => {
        const check = () => {
          if (edge.connections(tunnelId) === connections) resolve();
        };
        watchers.add(check);
        check();
      }),
    async close() {
      await edge.close();
      await rm(folder, { recursive: true });
    },
  };
}
