import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { emit } from "../../../backend/socket-calls.ts";
import { startTestBackend, type TestBackend } from "../../../backend/test-backend.ts";
import { NO_LIMITS } from "../../../backend/test-options.ts";
import { type Cluster, startCluster } from "../cluster.ts";

let cluster: Cluster;
let nodes: readonly [TestBackend, TestBackend];
beforeAll(async () => {
  cluster = await startCluster();
  const { url } = await cluster.database();
  const limits = { ...NO_LIMITS, opening: { requests: 3, seconds: 3600 } };
  const start = () => startTestBackend({ config: { DATABASE_URL: url }, limits });
  nodes = [await start(), await start()];
});
afterAll(async () => {
  for (const node of nodes) await node.stop();
  await cluster.stop();
});

test("N11: a user opens as many rooms an hour by two nodes as by one", async () => {
  const person = await nodes[0].registerUser();
  const sockets = await Promise.all(nodes.map((node) => node.connect(person.accessToken)));
  const codes: (string | undefined)[] = [];
  for (let n = 0; n < 5; n += 1) {
    const socket = sockets[n % 2] as (typeof sockets)[0];
    codes.push((await emit(socket, "call", "chat.create", { kind: "private", title: `Room ${n}` })).error?.code);
  }
  expect(codes).toEqual([undefined, undefined, undefined, "RATE_LIMITED", "RATE_LIMITED"]);
});
