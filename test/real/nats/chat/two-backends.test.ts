import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Watched } from "../../../backend/client/chat/watched-client.ts";
import { type CuttableProxy, startProxy } from "../../../backend/client/cuttable-proxy.ts";
import { storeInPostgres, type TestStorage, testStorage } from "../../../backend/store/test-storage.ts";
import { type Cluster, startCluster } from "../../postgres/cluster.ts";
import { type NatsServer, nodeEnv, startNats } from "../nats-server.ts";

/** A backend in a process of its own, as it is deployed. */
interface BackendNode {
  readonly url: string;
  readonly process: ChildProcess;
}

const PASSWORD = "correct horse battery";
let nats: NatsServer;
let cluster: Cluster;
let storage: TestStorage;
let one: BackendNode;
let two: BackendNode;
const clients: Watched[] = [];
const proxies: CuttableProxy[] = [];

async function startNode(): Promise<BackendNode> {
  const node = spawn(process.execPath, ["scripts/backend.ts"], {
    env: { ...process.env, ...nodeEnv(nats.url), ...storage.env, PORT: "0", LOG_LEVEL: "info", DRAIN_SECONDS: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let problem = "";
  node.stderr.on("data", (chunk: Buffer) => {
    problem += chunk;
  });
  const url = await new Promise<string>((resolve, reject) => {
    node.once("exit", (code) => reject(new Error(`the backend ended with ${code}: ${problem}`)));
    createInterface({ input: node.stdout }).on("line", (line) => {
      const { msg, url } = JSON.parse(line) as { msg?: string; url?: string };
      if (msg === "backend started" && url) resolve(url);
    });
  });
  node.removeAllListeners("exit");
  return { url, process: node };
}

async function person(name: string, url: string, known = false): Promise<Watched> {
  const client = new Watched(url);
  clients.push(client);
  const email = `${name.toLowerCase()}@example.org`;
  if (known) await client.login({ email, password: PASSWORD });
  else await client.register({ email, password: PASSWORD, name });
  return client.online();
}

async function through(target: string): Promise<CuttableProxy> {
  const proxy = await startProxy(target);
  proxies.push(proxy);
  return proxy;
}

beforeAll(async () => {
  [nats, cluster] = await Promise.all([startNats(), startCluster()]);
  storeInPostgres(() => cluster.database());
  storage = await testStorage();
  one = await startNode();
  two = await startNode();
});

afterAll(async () => {
  for (const client of clients) client.close();
  for (const proxy of proxies) await proxy.close();
  for (const node of [one, two]) {
    if (!node || node.process.exitCode !== null || node.process.signalCode !== null) continue;
    const gone = once(node.process, "exit");
    node.process.kill("SIGTERM");
    await gone;
  }
  await nats?.stop();
  await storage?.remove();
  await cluster?.stop();
});

test("one room on two nodes: messages, presence, typing and marks; a node that is killed costs nothing", async () => {
  const balancer = await through(one.url);
  const ada = await person("Ada", balancer.url);
  const carol = await person("Carol", one.url);
  const bob = await person("Bob", two.url);
  const [adaId, bobId, carolId] = [ada, bob, carol].map((client) => client.user?.id ?? "") as [string, string, string];
  for (const client of [ada, bob, carol]) {
    await client.chat.join("lobby");
    client.chat.send("lobby", `${client.user?.name} is here`);
    await client.until(() => client.chat.pending.length === 0);
    client.chat.read("lobby");
  }
  for (const client of [ada, bob, carol]) await client.until(() => client.texts("lobby").length === 3);
  await ada.chat.watch("lobby");
  await bob.chat.watch("lobby");
  await ada.until(() => ada.chat.presenceOf(bobId) === "online");
  await bob.until(() => bob.chat.presenceOf(adaId) === "online" && bob.chat.presenceOf(carolId) === "online");

  // a device on each node
  const phone = await person("Ada", two.url, true);
  bob.chat.typing("lobby");
  await ada.until(() => ada.chat.typists("lobby").length === 1);
  ada.chat.read("lobby");
  await bob.until(() => bob.chat.marks("lobby").get(adaId) === 3);
  await phone.chat.watch("lobby");
  expect(phone.chat.marks("lobby").get(adaId)).toBe(3);
  phone.close();

  const seen: string[] = [];
  const watching = bob.until(() => {
    if (seen.at(-1) !== bob.chat.presenceOf(adaId)) seen.push(bob.chat.presenceOf(adaId));
    return bob.chat.presenceOf(carolId) === "offline";
  });
  one.process.kill("SIGKILL");
  await ada.until(() => ada.state === "reconnecting");
  ada.chat.send("lobby", "written while the node was dead");
  bob.chat.send("lobby", "missed by Ada");
  balancer.moveTo(two.url);
  await ada.online();
  for (const client of [ada, bob]) {
    await client.until(() => client.texts("lobby").length === 5 && client.chat.pending.length === 0);
    expect(client.chat.timeline("lobby")?.messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  }
  expect(ada.texts("lobby")).toEqual(bob.texts("lobby"));
  // who came back through another node was never gone; who did not is, once the node is missed
  await watching;
  expect(seen).toEqual(["online"]);

  one = await startNode();
  balancer.moveTo(one.url);
  balancer.cut();
  await ada.until(() => ada.state === "reconnecting");
  await ada.online();
  await ada.until(() => ada.chat.presenceOf(bobId) === "online");
  ada.chat.send("lobby", "from the new node");
  await bob.until(() => bob.texts("lobby").at(-1) === "from the new node");
});
