import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import jwt from "jsonwebtoken";
import { io, type Socket } from "socket.io-client";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import { type CuttableProxy, startProxy } from "../../backend/client/cuttable-proxy.ts";
import { disconnected } from "../../backend/socket-calls.ts";
import { startTestBackend, type TestBackend, type TestUser } from "../../backend/test-backend.ts";
import { type Cluster, startCluster } from "../postgres/cluster.ts";
import { type NatsServer, nodeEnv, startNats } from "./nats-server.ts";

/*
 * A node whose clock is wrong, in a process of its own under libfaketime.
 */

/** Where Debian, Fedora and Homebrew put libfaketime. */
function findFaketime(): string | undefined {
  const folders = ["/usr/lib/faketime", "/usr/lib64/faketime", "/usr/local/lib/faketime"];
  for (const folder of existsSync("/usr/lib") ? readdirSync("/usr/lib") : [])
    folders.push(`/usr/lib/${folder}/faketime`);
  return folders.map((folder) => join(folder, "libfaketimeMT.so.1")).find((file) => existsSync(file));
}

const FAKETIME = findFaketime();
const withFaketime = FAKETIME ? test : test.skip;
/** Ends the names of the tests: why they are skipped. */
const WHY = FAKETIME ? "" : " (skipped: no libfaketime is installed, as by apt-get install faketime)";

let nats: NatsServer;
let cluster: Cluster;
beforeAll(async () => {
  [nats, cluster] = await Promise.all([startNats(), startCluster()]);
});
afterAll(() => Promise.all([nats.stop(), cluster.stop()]));

let folder: string;
let database: { url: string };
let proxy: CuttableProxy;
/** A node with the right clock. */
let right: TestBackend;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "causeway-clock-"));
  database = await cluster.database();
  proxy = await startProxy(nats.url);
  right = await startTestBackend({ config: { ...nodeEnv(nats.url), DATABASE_URL: database.url } });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  if (child?.exitCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await right.stop();
  await proxy.close();
  rmSync(folder, { recursive: true });
});

const sockets: Socket[] = [];

/** Sets the clock of the node with the wrong clock, in seconds from the right time. */
const setClock = (seconds: number) => writeFileSync(join(folder, "clock"), `${seconds < 0 ? "" : "+"}${seconds}`);

async function startWrong(seconds: number) {
  setClock(seconds);
  const internalPort = await freePort(29_190);
  const node = spawn(process.execPath, ["scripts/backend.ts"], {
    env: {
      ...process.env,
      ...nodeEnv(proxy.url.replace("http", "nats")),
      ...{ DATABASE_URL: database.url, PORT: "0", INTERNAL_PORT: String(internalPort), DATA_DIR: folder },
      // only the time of day is wrong, as on a machine with a bad clock
      ...{ LD_PRELOAD: FAKETIME, FAKETIME_TIMESTAMP_FILE: join(folder, "clock"), FAKETIME_NO_CACHE: "1" },
      ...{ FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" },
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = node;
  const lines: Record<string, string>[] = [];
  const reader = createInterface({ input: node.stdout }).on("line", (line) => void lines.push(JSON.parse(line)));
  const until = async (message: RegExp): Promise<Record<string, string>> => {
    for (;;) {
      const found = lines.find(({ msg }) => message.test(msg ?? ""));
      if (found) return found;
      await once(reader, "line");
    }
  };
  const ended = once(node, "exit").then(([code]) => Promise.reject(new Error(`the backend ended with ${code}`)));
  ended.catch(() => undefined);
  const { url = "" } = await Promise.race([until(/^backend started$/), ended]);
  return {
    lines,
    until,
    ready: async () => (await (await fetch(`http://127.0.0.1:${internalPort}/health/ready`)).json()) as object,
    status: async (path: string, token?: string) => {
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const response = await fetch(`${url}${path}`, { headers });
      return [response.status, response.headers.get("retry-after")];
    },
    signIn: async ({ email, password }: TestUser): Promise<string> => {
      const request = { method: "POST", headers: { "content-type": "application/json" } };
      const response = await fetch(`${url}/api/auth/login`, { ...request, body: JSON.stringify({ email, password }) });
      return ((await response.json()) as { accessToken: string }).accessToken;
    },
    socket(token: string): Promise<Socket> {
      const socket = io(url, { transports: ["websocket"], forceNew: true, reconnection: false, auth: { token } });
      sockets.push(socket);
      return new Promise((resolve, reject) => {
        socket.once("connect", () => resolve(socket));
        socket.once("connect_error", reject);
      });
    },
  };
}

function cutOff(): void {
  proxy.refuse(true);
  proxy.cut();
}

withFaketime.each([9, -9, 30, -30])(
  `N2: on a node whose clock is set by %d s and which is cut off, an ended session's socket closes within a second${WHY}`,
  async (seconds) => {
    const node = await startWrong(0);
    const [witness, ...people] = [
      await right.registerUser(),
      await right.registerUser(),
      await right.registerUser(),
      await right.registerUser(),
    ];
    const other = await node.socket(witness.accessToken);
    const ending = [];
    for (const person of people) ending.push({ person, socket: await node.socket(person.accessToken) });
    cutOff();
    setClock(seconds);
    const times = [];
    for (const { person, socket } of ending) {
      const gone = socket.connected ? disconnected(socket) : undefined;
      const started = performance.now();
      expect((await right.request("POST", "/api/auth/logout", { token: person.accessToken, body: {} })).status).toBe(
        200,
      );
      await gone;
      times.push(performance.now() - started);
    }
    // on a busy machine one of them has to be in time
    expect(Math.min(...times)).toBeLessThan(1000);
    // a node that is wrong by 30 s serves no client; one that is wrong by 9 s serves all others
    if (Math.abs(seconds) < 10) {
      await node.until(/the clock of this machine is [89]\.\d s (?:ahead of|behind) the database's/);
      expect(other.connected).toBe(true);
      expect(await node.status("/api/users/me", witness.accessToken)).toEqual([200, null]);
      for (const { accessToken } of people)
        expect(await node.status("/api/users/me", accessToken)).toEqual([401, null]);
      // what it issues and stores has the database's time
      const before = Date.now();
      const accessToken = await node.signIn(witness);
      const { iat = 0 } = jwt.decode(accessToken) as jwt.JwtPayload;
      const { json } = await right.request("GET", "/api/auth/sessions", { token: accessToken });
      const { sessions } = json as unknown as { sessions: { current: boolean; createdAt: number }[] };
      for (const time of [iat * 1000, sessions.find(({ current }) => current)?.createdAt ?? 0]) {
        expect(time).toBeGreaterThan(before - 2_000);
        expect(time).toBeLessThan(Date.now() + 2_000);
      }
    } else {
      await node.until(/^this node does not serve: the clock of this machine is (?:29|30)\.\d s/);
      expect(await node.status("/api/users/me", witness.accessToken)).toEqual([503, "1"]);
    }
  },
);

withFaketime(
  `N2: a node whose clock is 30 s ahead is not ready, says why and refuses, until the clock is right${WHY}`,
  async () => {
    const person = await right.registerUser();
    const node = await startWrong(30);
    expect(await node.ready()).toMatchObject({
      ready: false,
      checks: { clock: false, gateway: true, store: true },
      reasons: {
        clock: expect.stringMatching(/^the clock of this machine is (?:29|30)\.\d s ahead of the database's/),
      },
    });
    expect(await node.status("/api/users/me", person.accessToken)).toEqual([503, "1"]);
    await expect(node.socket(person.accessToken)).rejects.toMatchObject({ message: "UNAVAILABLE" });
    // its packets count all the same: the nodes know each other, since they go by the database's time
    const knows = () => right.broker.registry.getNodeList({ onlyAvailable: true }).length === 2;
    while (!knows()) await delay(50);
    setClock(0);
    while (!("ready" in (await node.ready())) || !((await node.ready()) as { ready: boolean }).ready) await delay(50);
    expect(await node.status("/api/users/me", person.accessToken)).toEqual([200, null]);
    expect(node.lines.filter(({ msg }) => /does not serve/.test(msg ?? "")).length).toBe(1);
  },
);
