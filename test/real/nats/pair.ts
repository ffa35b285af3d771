/** Two whole backends over one store, each a node; the second one hears the others through a proxy that can be cut. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hearsOthers } from "../../../backend/broker.ts";
import { startTestBackend, type TestBackend } from "../../backend/support.ts";
import { type CuttableProxy, startProxy } from "../../backend/web/cuttable-proxy.ts";
import type { NatsServer } from "./nats-server.ts";

export interface Pair {
  readonly dataDir: string;
  readonly proxy: CuttableProxy;
  readonly one: TestBackend;
  readonly two: TestBackend;
  /** The second one hears nothing more and cannot connect again. */
  cutOff(): void;
  stop(): Promise<void>;
}

const moment = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Resolves when the two know of each other. */
export async function startPair(nats: NatsServer): Promise<Pair> {
  const proxy = await startProxy(nats.url);
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-nodes-"));
  const one = await startTestBackend({ config: { DATA_DIR: dataDir, NATS_URL: nats.url } });
  const two = await startTestBackend({ config: { DATA_DIR: dataDir, NATS_URL: proxy.url.replace("http", "nats") } });
  const gateways = () =>
    one.broker.registry.getServiceList({ onlyAvailable: true }).filter(({ name }) => name === "gateway");
  while (gateways().length < 2) await moment();
  return {
    dataDir,
    proxy,
    one,
    two,
    cutOff() {
      proxy.refuse(true);
      proxy.cut();
    },
    async stop() {
      proxy.refuse(false);
      if (!(await hearsOthers(two.broker))) proxy.cut();
      // a connection that is being made when the broker stops would keep the process alive
      while (!(await hearsOthers(two.broker))) await moment();
      await Promise.all([one.stop(), two.stop()]);
      await proxy.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}
