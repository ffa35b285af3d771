import type { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test } from "@jest/globals";
import { CAPS, type CapTable } from "../../../../backend/gateway/limits/caps/table.ts";
import { SERVER_TIMES } from "../../../../backend/gateway/limits/server-times.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";
import { CONTINUATION, connectSignedIn, frame, HANDSHAKE, handshake, TEXT, untilClosed } from "../by-hand.ts";

let gateway: TestGateway;
const opened: Socket[] = [];
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.destroy();
  await gateway.stop();
});

const withCaps = (caps: Partial<CapTable>) => ({ caps: { ...CAPS, ...caps } });

const refused = (cap: string) => gateway.gateway.caps.find((one) => one.cap === cap)?.refused;

async function open(ip: string): Promise<Socket | undefined> {
  const { status, connection } = await handshake(gateway.port, ip, true);
  opened.push(connection);
  return status === "101" ? connection : undefined;
}

/** The attack: a text frame that is not final, then continuation frames of one byte. */
const fragments = (count: number) =>
  Buffer.concat([frame(TEXT, "4", false), ...Array.from({ length: count - 1 }, () => frame(CONTINUATION, "0", false))]);

test("S1: a message in more fragments than a browser makes ends its connection, with a session and without", async () => {
  gateway = await startTestGateway();
  const stranger = await open("192.0.2.1");
  const member = await connectSignedIn(gateway.port, "192.0.2.2", tokenOf("alice"));
  opened.push(member);
  for (const connection of [stranger, member]) {
    connection?.write(fragments(CAPS.fragments + 1));
    await untilClosed(connection as Socket);
  }
  expect(refused("fragments")).toBe(2);
  const allowed = await connectSignedIn(gateway.port, "192.0.2.2", tokenOf("alice"));
  opened.push(allowed);
  const parts = ['21["call"', ...Array.from({ length: CAPS.fragments - 4 }, () => ","), '"no"', "]"];
  const answer = new Promise((resolve) => allowed.once("data", (chunk) => resolve(String(chunk))));
  allowed.write(frame(TEXT, "4", false));
  for (const [n, part] of parts.entries()) allowed.write(frame(CONTINUATION, part, n === parts.length - 1));
  expect(await answer).toContain('431[{"code":"BAD_REQUEST"');
});

test("S1: an attacker's connections hold a bounded number of bytes each", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  gateway = await startTestGateway({}, { limits: undefined as never });
  const held = () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  await open("2001:db8:ffff::1");
  const before = held();
  const COUNT = 40;
  const many = fragments(4_000);
  for (let n = 0; n < COUNT; n++) {
    const connection = (await open(`2001:db8:${n}::1`)) as Socket;
    connection.resume();
    await new Promise((resolve) => connection.write(many, resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect((held() - before) / COUNT).toBeLessThan(100 * 1024);
});

/** First byte of a closing handshake (RFC 6455 5.5.1); it is in no text of ASCII. */
const CLOSE_FRAME = 0x88;

test("S1: a client that does not authenticate is gone in time: its connection is destroyed, not asked to close", async () => {
  gateway = await startTestGateway({}, { times: { authenticationMs: 200 } });
  expect(SERVER_TIMES.authenticationMs).toBe(10_000);
  const connection = (await open("192.0.2.1")) as Socket;
  // what an attacker does: answer no closing handshake and keep the own half open
  const received: Buffer[] = [];
  connection.on("data", (chunk: Buffer) => received.push(chunk));
  await untilClosed(connection);
  expect(Buffer.concat(received).includes(CLOSE_FRAME)).toBe(false);
  const kept = await connectSignedIn(gateway.port, "192.0.2.2", tokenOf("alice"));
  opened.push(kept);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(gateway.gateway.sockets).toBe(1);
  expect(kept.readyState).toBe("open");
});

test.each([
  ["in one frame that does not end", Buffer.concat([frame(TEXT, "4", false)])],
  ["in a frame whose bytes do not come", frame(TEXT, "x".repeat(60_000)).subarray(0, 30_000)],
  ["in half a frame's head", frame(TEXT, "4").subarray(0, 1)],
])("S1: a message that begins %s has a deadline, with a session too", async (_what, bytes) => {
  gateway = await startTestGateway({}, { times: { messageMs: 200 } });
  const connection = await connectSignedIn(gateway.port, "192.0.2.1", tokenOf("alice"));
  opened.push(connection);
  connection.write(bytes);
  await untilClosed(connection);
});

test("S1: with a session, messages one after the other have no deadline together", async () => {
  gateway = await startTestGateway({}, { times: { messageMs: 200 } });
  const connection = await connectSignedIn(gateway.port, "192.0.2.1", tokenOf("alice"));
  opened.push(connection);
  let isClosed = false;
  void untilClosed(connection).then(() => {
    isClosed = true;
  });
  // whenever the gateway looks, one message has begun
  connection.write(frame(TEXT, "4", false));
  for (let n = 0; n < 12; n++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    connection.write(Buffer.concat([frame(CONTINUATION, '2["x"]'), frame(TEXT, "4", false)]));
  }
  expect(isClosed).toBe(false);
});

test.each([
  ["address", ["2001:db8:1:100::1", "2001:db8:1:100::2", "2001:db8:1:100:9::3"], "2001:db8:1:101::1"],
  ["/56", ["2001:db8:1:100::1", "2001:db8:1:101::1", "2001:db8:1:1ff::1"], "2001:db8:1:200::1"],
  ["/48", ["2001:db8:1:100::1", "2001:db8:1:200::1", "2001:db8:1:300::1"], "2001:db8:2:100::1"],
])("S1: sockets without a session have a limit for an %s", async (what, ips, elsewhere) => {
  const limits = { address: 100, slash56: 100, slash48: 100, node: 100 };
  const key = { address: "address", "/56": "slash56", "/48": "slash48" }[what] as keyof typeof limits;
  gateway = await startTestGateway({}, withCaps({ socketsWithoutSession: { ...limits, [key]: 2 } }));
  const [first, second, third] = ips as [string, string, string];
  expect(await open(first)).toBeDefined();
  const last = await open(second);
  expect(last).toBeDefined();
  expect(await open(third)).toBeUndefined();
  expect(await open(elsewhere)).toBeDefined();
  // one that closes, and one that authenticates, makes room
  last?.destroy();
  while (!(await open(third)));
  opened.push(await connectSignedIn(gateway.port, elsewhere, tokenOf("alice")));
});

test.each([
  ["/56", "slash56", ["2001:db8:1:100::1", "2001:db8:1:1ff::1", "2001:db8:1:180::1"], "2001:db8:1:200::1"],
  ["/48", "slash48", ["2001:db8:1:100::1", "2001:db8:1:200::1", "2001:db8:1:300::1"], "2001:db8:2:100::1"],
] as const)(
  "S1: sockets with a session have a limit for a %s, so that one customer cannot take all",
  async (_what, key, ips, elsewhere) => {
    gateway = await startTestGateway({}, withCaps({ sockets: { ...CAPS.sockets, [key]: 2 } }));
    const [first, second, third] = ips;
    opened.push(await connectSignedIn(gateway.port, first, tokenOf("alice")));
    const last = await connectSignedIn(gateway.port, second, tokenOf("bob"));
    expect(await open(third)).toBeUndefined();
    opened.push(await connectSignedIn(gateway.port, elsewhere, tokenOf("carol")));
    last.destroy();
    while (!(await open(third)));
  },
);

test("S14: a handshake with a body is refused: it would be read as frames", async () => {
  gateway = await startTestGateway();
  for (const field of ["content-length: 10", "transfer-encoding: chunked"]) {
    const answer = await gateway.sendBytes(`${HANDSHAKE}${field}\r\n\r\n`, (text) => text.includes("\r\n\r\n"));
    expect(answer.slice(9, 12)).toBe("400");
  }
});

test("S1: where the node has too many sockets without a session the oldest goes, and a client that authenticates gets in", async () => {
  gateway = await startTestGateway({}, withCaps({ socketsWithoutSession: { ...CAPS.socketsWithoutSession, node: 3 } }));
  const oldest = (await open("192.0.2.1")) as Socket;
  for (const ip of ["192.0.2.2", "192.0.2.3"]) await open(ip);
  const gone = untilClosed(oldest);
  opened.push(await connectSignedIn(gateway.port, "192.0.2.4", tokenOf("alice")));
  await gone;
  expect(gateway.gateway.sockets).toBe(1);
});

test("S1: before it has a session a connection sends no more than it needs for one", async () => {
  gateway = await startTestGateway();
  const large = (await open("192.0.2.1")) as Socket;
  large.write(frame(TEXT, `40${"x".repeat(CAPS.bytesWithoutSession.connection)}`));
  await untilClosed(large);
  expect(refused("bytes_without_session")).toBe(1);
  const slow = (await open("192.0.2.2")) as Socket;
  let isClosed = false;
  const end = untilClosed(slow).then(() => {
    isClosed = true;
  });
  slow.setNoDelay(true);
  const bytes = frame(TEXT, `40${"x".repeat(200)}`);
  for (let n = 0; !isClosed && n < bytes.length; n++) {
    slow.write(bytes.subarray(n, n + 1));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await end;
  expect(refused("bytes_without_session")).toBe(2);
});

test("S1: all sockets without a session together have a limit of bytes", async () => {
  gateway = await startTestGateway({}, withCaps({ bytesWithoutSession: { connection: 16_384, node: 20_000 } }));
  const bytes = frame(TEXT, "x".repeat(15_000)).subarray(0, 8_000);
  const connections = [];
  for (const ip of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) connections.push((await open(ip)) as Socket);
  for (const connection of connections) {
    await new Promise((resolve) => connection.write(bytes, resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await untilClosed(connections[2] as Socket);
  expect(connections.slice(0, 2).map(({ readableEnded }) => readableEnded)).toEqual([false, false]);
});

test("S1: messages that have begun and not ended have a limit of bytes for the node, with a session too", async () => {
  gateway = await startTestGateway({}, withCaps({ unfinishedBytes: { node: 100_000 } }));
  const members = [];
  for (const [index, name] of ["alice", "bob", "carol"].entries())
    members.push(await connectSignedIn(gateway.port, `192.0.2.${index}`, tokenOf(name)));
  opened.push(...members);
  const [first, second, third] = members as [Socket, Socket, Socket];
  const held = () => gateway.gateway.caps.find(({ cap }) => cap === "unfinished_bytes")?.used;
  const holds = async (bytes: number) => {
    while (held() !== bytes) await new Promise((resolve) => setImmediate(resolve));
  };
  const whole = frame(TEXT, `42["nothing","${"x".repeat(60_000)}"]`);
  const half = whole.subarray(0, 45_000);
  const head = 8; // of the frame, which `ws` has read
  first.write(half);
  await holds(45_000 - head);
  second.write(half);
  await holds(2 * (45_000 - head));
  third.write(half);
  await untilClosed(first);
  expect([refused("unfinished_bytes"), second.readyState, third.readyState]).toEqual([1, "open", "open"]);
  await holds(2 * (45_000 - head));
  // a message that has ended is held no longer
  second.write(whole.subarray(45_000));
  await holds(45_000 - head);
  third.destroy();
  await holds(0);
});
