import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import { type Cluster, startCluster } from "../postgres/cluster.ts";
import { nodeEnv, startNats } from "./nats-server.ts";

/*
 * A node in a process of its own whose NATS server is not there when it starts.
 */

let cluster: Cluster;
let database: { url: string };
beforeAll(async () => {
  cluster = await startCluster();
  database = await cluster.database();
});
afterAll(() => cluster.stop());

let node: ChildProcess | undefined;
afterEach(() => void node?.kill("SIGKILL"));

/** Starts a node; `until` resolves with the first line of its log that has this message. */
function startNode(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ["scripts/backend.ts"], {
    env: { ...process.env, DATABASE_URL: database.url, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  node = child;
  const lines: Record<string, string>[] = [];
  const reader = createInterface({ input: child.stdout }).on("line", (line) => void lines.push(JSON.parse(line)));
  return {
    child,
    async until(message: RegExp): Promise<Record<string, string>> {
      for (;;) {
        const found = lines.find(({ msg }) => message.test(msg ?? ""));
        if (found) return found;
        await once(reader, "line");
      }
    },
  };
}

test("O17: without NATS the node is live, not ready, names the address, tries again, and starts once NATS is there", async () => {
  const [natsPort, internalPort] = [await freePort(24_222), await freePort(29_090)];
  const env = nodeEnv(`nats://127.0.0.1:${natsPort}`);
  const { until, child } = startNode({ ...env, DATABASE_URL: database.url, INTERNAL_PORT: String(internalPort) });
  const refused = await until(/^NATS cannot be reached; trying again/);
  expect(refused).toMatchObject({ level: "warn", servers: `127.0.0.1:${natsPort}` });
  const health = async (which: string) => (await fetch(`http://127.0.0.1:${internalPort}/health/${which}`)).status;
  expect([await health("live"), await health("ready")]).toEqual([200, 503]);
  const nats = await startNats({ port: natsPort });
  await until(/^backend started$/);
  expect(await health("ready")).toBe(200);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  await nats.stop();
});

test("O17: SIGTERM while the node waits for NATS ends it in order", async () => {
  const env = nodeEnv(`nats://127.0.0.1:${await freePort(24_222)}`);
  const { until, child } = startNode({ ...env, DATABASE_URL: database.url });
  await until(/^NATS cannot be reached/);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});
