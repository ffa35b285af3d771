/** Two whole backends over one store, each a node; the second one reaches NATS through a proxy that can be cut. */
import { isNatsResponding } from "../../../backend/nodes/index.ts";
import { type CuttableProxy, startProxy } from "../../backend/client/cuttable-proxy.ts";
import { startTestBackend, type TestBackend } from "../../backend/test-backend.ts";
import { type Cluster, startCluster } from "../postgres/cluster.ts";
import { type NatsServer, nodeEnv } from "./nats-server.ts";

export interface Pair {
  /** The environment of one more node beside the two. */
  env(natsUrl: string): Record<string, string>;
  readonly databaseUrl: string;
  readonly proxy: CuttableProxy;
  readonly one: TestBackend;
  readonly two: TestBackend;
  /** The second one receives nothing more and cannot connect again. */
  cutOff(): void;
  stop(): Promise<void>;
}

const moment = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Resolves when the two know of each other. Without a cluster they get one of their own. */
export async function startPair(nats: NatsServer, cluster?: Cluster): Promise<Pair> {
  const own = cluster ? undefined : await startCluster();
  const database = await (cluster ?? (own as Cluster)).database();
  const env = (natsUrl: string) => ({ ...nodeEnv(natsUrl), DATABASE_URL: database.url });
  const proxy = await startProxy(nats.url);
  const one = await startTestBackend({ config: env(nats.url) });
  const two = await startTestBackend({ config: env(proxy.url.replace("http", "nats")) });
  const gateways = () =>
    one.broker.registry.getServiceList({ onlyAvailable: true }).filter(({ name }) => name === "gateway");
  while (gateways().length < 2) await moment();
  return {
    env,
    databaseUrl: database.url,
    proxy,
    one,
    two,
    cutOff() {
      proxy.refuse(true);
      proxy.cut();
    },
    async stop() {
      proxy.refuse(false);
      if (!(await isNatsResponding(two.broker))) proxy.cut();
      // a connection that is being made when the broker stops would keep the process alive
      while (!(await isNatsResponding(two.broker))) await moment();
      await Promise.all([one.stop(), two.stop()]);
      await proxy.close();
      await database.remove();
      await own?.stop();
    },
  };
}
