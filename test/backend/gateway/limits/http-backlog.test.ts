import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test } from "@jest/globals";
import { CAPS, type CapTable } from "../../../../backend/gateway/limits/caps/table.ts";
import { UnsentBytes } from "../../../../backend/gateway/limits/caps/unsent-bytes.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";

let gateway: TestGateway | undefined;
const opened: Socket[] = [];
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.destroy();
  await gateway?.stop();
  gateway = undefined;
});

function open(port: number): Socket {
  const connection = connect({ port, host: "127.0.0.1" }).on("error", () => undefined);
  opened.push(connection);
  return connection;
}

const get = (path: string, ip: string, token = "") =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\ncf-connecting-ip: ${ip}\r\n${token && `authorization: Bearer ${token}\r\n`}\r\n`;

/** Resolves when the connection is closed, in whichever way. */
const gone = (connection: Socket) => new Promise((resolve) => connection.once("close", resolve));

/** How often a limit was reached. */
const refused = (cap: string) => gateway?.gateway.caps.find((one) => one.cap === cap)?.refused ?? 0;
const used = (cap: string) => gateway?.gateway.caps.find((one) => one.cap === cap)?.used ?? 0;
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

test("S15: a connection has so many requests that wait for an earlier one, and is closed when it sends more", async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let asked = 0;
  gateway = await startTestGateway({
    "users.profile": async () => {
      asked += 1;
      await held;
      return { id: "x" } as never;
    },
  });
  const one = get("/api/users/me", "192.0.2.1", tokenOf("a"));
  const patient = open(gateway.port);
  patient.write(one.repeat(CAPS.pipelined + 1));
  while (asked < CAPS.pipelined + 1) await new Promise(setImmediate);
  const greedy = open(gateway.port);
  const closed = gone(greedy);
  greedy.write(one.repeat(1_000));
  await closed;
  expect([used("pipelined_requests"), refused("pipelined_requests")]).toEqual([CAPS.pipelined, 1]);
  expect(asked).toBeLessThanOrEqual(2 * (CAPS.pipelined + 1));
  let text = "";
  patient.on("data", (chunk) => {
    text += chunk;
  });
  release();
  while (text.match(/HTTP\/1\.1 200/g)?.length !== CAPS.pipelined + 1) await once(patient, "data");
  // and again, on the same connection
  patient.write(one.repeat(CAPS.pipelined + 1));
  while (text.match(/HTTP\/1\.1 200/g)?.length !== 2 * (CAPS.pipelined + 1)) await once(patient, "data");
});

test("S15: who asks and does not read is closed once so many bytes wait for the connection", async () => {
  const profile = { id: "x".repeat(200_000) };
  let asked = 0;
  gateway = await startTestGateway({
    "users.profile": () => {
      asked += 1;
      return profile as never;
    },
  });
  const connection = open(gateway.port).pause();
  const one = get("/api/users/me", "192.0.2.1", tokenOf("a"));
  const isOpen = () => refused("unsent_bytes") + refused("pipelined_requests") === 0;
  let most = 0;
  // the kernel's buffers take some responses, then ours would take the rest
  for (let sent = CAPS.pipelined; sent < 10_000 && isOpen(); sent += CAPS.pipelined) {
    connection.write(one.repeat(CAPS.pipelined));
    do {
      await turn();
      most = Math.max(most, used("unsent_bytes"));
    } while (asked < sent && isOpen());
  }
  expect([refused("unsent_bytes"), used("unsent_bytes")]).toEqual([1, 0]);
  expect(most).toBeLessThan(2 * CAPS.unsentBytes.connection);
});

test("S15: a response that is not read has a deadline", async () => {
  const profile = { id: "x".repeat(40_000_000) };
  gateway = await startTestGateway({ "users.profile": () => profile as never }, { times: { readingMs: 300 } });
  open(gateway.port)
    .pause()
    .write(get("/api/users/me", "192.0.2.1", tokenOf("a")));
  while (used("unread_connections") === 0) await turn();
  while (refused("unread_connections") === 0) await turn();
  expect([used("unread_connections"), used("unsent_bytes")]).toEqual([0, 0]);
});

test("S15: requests whose body does not arrive are limited for an address, and the oldest goes where the node has too many", async () => {
  gateway = await startTestGateway(
    { "users.login": () => ({}) as never },
    { caps: { ...CAPS, bodies: { address: 2, slash56: 9, slash48: 9, node: 3 } } },
  );
  const body = JSON.stringify({ email: "a@example.org", password: "x" });
  const post = (ip: string, given: string) =>
    `POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncf-connecting-ip: ${ip}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${given}`;
  const slow = (ip: string) => {
    const connection = open((gateway as TestGateway).port);
    connection.write(post(ip, "{"));
    return connection;
  };
  const whole = (ip: string) => gateway?.sendBytes(post(ip, body), (text) => text.includes("\r\n\r\n"));
  const oldest = slow("192.0.2.1");
  slow("192.0.2.1");
  while (!(await whole("192.0.2.1"))?.includes("HTTP/1.1 429"));
  expect(await whole("192.0.2.2")).toContain("HTTP/1.1 200");
  const closed = gone(oldest);
  slow("192.0.2.3");
  slow("192.0.2.4");
  await closed;
  expect(await whole("192.0.2.1")).toContain("HTTP/1.1 200");
});

test("S15: a body that arrives in chunks of one byte holds no more than its bytes", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const given: unknown[] = [];
  gateway = await startTestGateway({ "auth.refresh": ({ params }) => void given.push(params) as never });
  const held = () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const head = "host: x\r\ncf-connecting-ip: 192.0.2.1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked";
  const post = `POST /api/auth/refresh HTTP/1.1\r\n${head}\r\n\r\n`;
  const token = "x".repeat(100);
  const body = JSON.stringify({ refreshToken: token }).padEnd(4_000);
  const chunks = [...body].map((byte) => `1\r\n${byte}\r\n`).join("");
  const before = held();
  const connections = Array.from({ length: CAPS.bodies.address }, () => open((gateway as TestGateway).port));
  for (const connection of connections) connection.write(post + chunks);
  while (used("request_bodies") < connections.length) await turn();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((held() - before) / connections.length).toBeLessThan(100 * 1024);
  const [first] = connections;
  first?.write("0\r\n\r\n");
  while (given.length === 0) await turn();
  expect(given).toEqual([{ refreshToken: token }]);
});

/** A connection that takes nothing. */
class Stuck extends Duplex {
  override _write(): void {}
  override _read(): void {}
}

const limits: CapTable["unsentBytes"] = { connection: 100, user: 150, address: 250, node: 400 };
function unsentOf(sizes: readonly (readonly [address: string, user: string | undefined, bytes: number])[], now = 0) {
  let time = now;
  const unsent = new UnsentBytes(limits, 1_000, () => time);
  const connections = sizes.map(([address, user, bytes]) => {
    const connection = new Stuck();
    connection.write("x".repeat(bytes));
    unsent.measure(connection, { address, user });
    return connection;
  });
  const tick = (by: number) => {
    time += by;
  };
  return { unsent, gone: () => connections.map(({ destroyed }) => destroyed), tick };
}

test("S5: what waits for one user, one address and all is limited: the connection goes that has waited longest", () => {
  const user = unsentOf([
    ["a", "u", 80],
    ["b", "v", 80],
    ["c", "u", 60],
    ["d", "u", 60],
  ]);
  expect(user.gone()).toEqual([true, false, false, false]);
  expect(user.unsent.used).toBe(200);
  const address = unsentOf([
    ["a", "u1", 90],
    ["b", "u2", 90],
    ["a", "u3", 90],
    ["a", "u4", 90],
  ]);
  expect(address.gone()).toEqual([true, false, false, false]);
  const node = unsentOf(Array.from({ length: 6 }, (_, n) => [`a${n}`, undefined, 80] as const));
  expect(node.gone()).toEqual([true, false, false, false, false, false]);
  expect([node.unsent.used, node.unsent.connections, node.unsent.refused]).toEqual([400, 5, 1]);
});

test("S5: what waits is forgotten when it was read, and closed when it was not for too long", () => {
  const { unsent, gone: closed, tick } = unsentOf([["a", "u", 80]]);
  const reader = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  unsent.add(reader, { address: "b" }, 50);
  unsent.remove(reader, 50);
  tick(999);
  unsent.sweep();
  expect([closed(), unsent.used]).toEqual([[false], 80]);
  tick(1);
  unsent.sweep();
  expect([closed(), unsent.used, unsent.connections]).toEqual([[true], 0, 0]);
});
