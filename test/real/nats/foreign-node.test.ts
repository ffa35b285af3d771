import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { connect, type NatsConnection } from "nats";
import { startTestBackend, type TestBackend } from "../../backend/test-backend.ts";
import { type Cluster, startCluster } from "../postgres/cluster.ts";
import { type NatsServer, nodeEnv, startNats } from "./nats-server.ts";

/*
 * What a client of the NATS server can do to the nodes without their secret: it reads and writes every subject.
 */

let nats: NatsServer;
let cluster: Cluster;
let database: { url: string };
let backend: TestBackend;
let attacker: NatsConnection;
beforeAll(async () => {
  [nats, cluster] = await Promise.all([startNats(), startCluster()]);
  database = await cluster.database();
  backend = await startTestBackend({
    config: { ...nodeEnv(nats.url), DATABASE_URL: database.url, NODE_ID: "one", INTERNAL_PORT: "0" },
  });
  attacker = await connect({ servers: nats.url });
});
afterAll(async () => {
  await attacker.close();
  await backend.stop();
  await Promise.all([nats.stop(), cluster.stop()]);
});

/** Dropped packets by reason, as Prometheus reads them. */
async function dropped(): Promise<Record<string, number>> {
  const text = await (await fetch(`${backend.backend.internalUrl}/metrics`)).text();
  const lines = text.matchAll(/^causeway_node_packets_dropped_total\{reason="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, reason, count]) => [reason, Number(count)]));
}

/** A second node of the site. */
const startSecond = () =>
  startTestBackend({ config: { ...nodeEnv(nats.url), DATABASE_URL: database.url, NODE_ID: "two" } });

test("S7: a foreign Moleculer node calls auth.startSession for an administrator and gets nothing", async () => {
  const admin = await backend.registerUser("admin");
  const { foreign: before = 0 } = await dropped();
  const foreign = new ServiceBroker({
    nodeID: "foreign",
    namespace: "causeway",
    transporter: { type: "NATS", options: { url: nats.url } },
    logger: false,
    requestTimeout: 500,
    registry: { stopDelay: 0 },
  });
  await foreign.start();
  expect(foreign.registry.getNodeList({ onlyAvailable: true }).map(({ id }) => id)).toEqual(["foreign"]);
  const call = foreign.call("auth.startSession", { userId: admin.id });
  await expect(call).rejects.toMatchObject({ type: "SERVICE_NOT_FOUND" });

  // it has the names of node and action, and sends a request past Moleculer's registry
  const answers: string[] = [];
  attacker.subscribe("MOL-causeway.RES.>", { callback: (_, message) => void answers.push(message.subject) });
  const request = {
    ver: foreign.PROTOCOL_VERSION,
    sender: "foreign",
    id: "1",
    action: "auth.startSession",
    params: { userId: admin.id },
    meta: {},
    level: 1,
    tracing: null,
  };
  attacker.publish("MOL-causeway.REQ.one", JSON.stringify(request));
  attacker.publish("MOL-causeway.REQB.auth.startSession", JSON.stringify(request));
  // a node ends when a packet with its own name and another instance comes; this one must not
  attacker.publish("MOL-causeway.INFO", JSON.stringify({ ...request, sender: "one", instanceID: "x", services: [] }));
  await attacker.flush();
  while (((await dropped()).foreign ?? 0) < before + 3) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(answers).toEqual([]);
  expect((await backend.request("GET", "/api/users/me", { token: admin.accessToken })).status).toBe(200);
  await foreign.stop();
});

test("S7: recorded packets are replayed, to their receiver, to another node and after a restart: none does anything", async () => {
  const recorded: { subject: string; data: Uint8Array }[] = [];
  const recorder = attacker.subscribe("MOL-causeway.>", {
    callback: (_, { subject, data }) => void recorded.push({ subject, data: Uint8Array.from(data) }),
  });
  await attacker.flush();
  let second = await startSecond();
  await second.broker.waitForServices("auth", 5000, 10);
  const person = await backend.registerUser();
  const token = { token: person.accessToken };
  await second.broker.call("auth.verifyToken", token, { nodeID: "one" });
  recorder.unsubscribe();
  const requests = recorded.filter(({ subject }) => subject === "MOL-causeway.REQ.one");
  expect(requests.length).toBeGreaterThan(0);
  expect(recorded.some(({ data }) => Buffer.from(data).includes(person.accessToken))).toBe(true); // TLS is for this

  const before = await dropped();
  const replay = async () => {
    for (const { subject, data } of recorded) attacker.publish(subject, data);
    for (const { data } of requests) attacker.publish("MOL-causeway.REQ.two", data);
    await attacker.flush();
  };
  await replay();
  while (((await dropped()).replayed ?? 0) < (before.replayed ?? 0) + requests.length) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await second.stop();
  second = await startSecond();
  await second.broker.waitForServices("auth", 5000, 10);
  await replay();
  // both still know each other, and work
  await expect(second.broker.call("auth.verifyToken", token, { nodeID: "one" })).resolves.toMatchObject({
    id: person.id,
  });
  await expect(backend.broker.call("auth.verifyToken", token, { nodeID: "two" })).resolves.toMatchObject({
    id: person.id,
  });
  await second.stop();
});

test("O17: a second node with the same NODE_ID is refused and the running one goes on", async () => {
  const person = await backend.registerUser();
  const config = { ...nodeEnv(nats.url), DATABASE_URL: database.url, NODE_ID: "one" };
  await expect(startTestBackend({ config })).rejects.toMatchObject({
    name: "NodesError",
    message: expect.stringMatching(/^Another node runs as one \(NODE_ID\)/),
  });
  expect((await backend.request("GET", "/api/users/me", { token: person.accessToken })).status).toBe(200);
  expect(backend.broker.started).toBe(true);
});
