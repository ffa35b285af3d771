import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTunnelEdge, type TunnelConfiguration, type TunnelEdge } from "../../infra/local/tunnel/index.ts";
import { OneTunnel } from "../infra/local/tunnel/one-tunnel.ts";
import { within } from "../within.ts";

/** A local edge with one tunnel, its token in a file and in the hand. */
export interface EdgeForTests {
  readonly edge: TunnelEdge;
  readonly folder: string;
  readonly tunnelId: string;
  readonly token: string;
  readonly wrongToken: string;
  readonly tokenFile: string;
  /** Gives the tunnel another secret and returns the token that holds it. Connections stay. */
  rotate(): string;
  /** Resolves when the tunnel has so many connections; rejects after 45 s with how many it has. */
  until(connections: number): Promise<void>;
  close(): Promise<void>;
}

export async function startEdgeForTests(config: TunnelConfiguration | null): Promise<EdgeForTests> {
  const folder = await mkdtemp(join(tmpdir(), "causeway-road-"));
  const tunnel = new OneTunnel(config);
  const watchers = new Set<() => void>();
  const edge = await startTunnelEdge({
    certificates: join(folder, "certificates"),
    authorize: tunnel.authorize,
    onConnections: () => {
      for (const watcher of watchers) watcher();
    },
  });
  const tokenFile = join(folder, "tunnel-token");
  await writeFile(tokenFile, `${tunnel.token()}\n`, { mode: 0o600 });
  return {
    edge,
    folder,
    tunnelId: tunnel.id,
    token: tunnel.token(),
    wrongToken: tunnel.token(randomBytes(32)),
    tokenFile,
    rotate() {
      tunnel.secret = randomBytes(32);
      return tunnel.token();
    },
    async until(connections) {
      const reached = Promise.withResolvers<void>();
      const check = () => {
        if (edge.connections(tunnel.id) === connections) reached.resolve();
      };
      watchers.add(check);
      check();
      const state = () => `It has ${edge.connections(tunnel.id)}.`;
      await within(`the tunnel to have ${connections} connections`, reached.promise, state);
      watchers.delete(check);
    },
    async close() {
      await edge.close();
      await rm(folder, { recursive: true });
    },
  };
}
