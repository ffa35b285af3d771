import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { NODE_MAJOR } from "../../installed.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";

// The usual answer is written by ourselves, every other one by Node: these hold the two together.

let gateway: TestGateway;
beforeAll(async () => {
  const profile = { id: "u1", name: "Zoë 🦊" };
  gateway = await startTestGateway({ "users.profile": () => profile as never });
});
afterAll(() => gateway.stop());

const get = (extra = "", version = "1.1", method = "GET") =>
  `${method} /api/users/me HTTP/${version}\r\nhost: x\r\nauthorization: Bearer ${tokenOf("zoe")}\r\n${extra}\r\n`;
const isWhole = (text: string) => text.endsWith('"}');

/** The lines of a head, without what differs from answer to answer. */
function lines(answer: string): string[] {
  const [head = ""] = answer.split("\r\n\r\n");
  const ids = /^(x-request-id: )[0-9a-f]{24}$|^(date: ).* GMT$/i;
  return head
    .split("\r\n")
    .map((one) => one.replace(ids, "$1$2"))
    .map((one) => one.replace(/^[^:]+:/, (name) => name.toLowerCase()))
    .toSorted();
}

test("H6: node:http of Node.js 26 keeps a head in `_header`: ours has the headers that Node.js writes, and its body whole", async () => {
  expect(NODE_MAJOR).toBe(26);
  const ours = await gateway.sendBytes(get(), isWhole);
  // what Node writes: a connection that closes says so, and has no time to be kept
  const nodes = await gateway.sendBytes(get("connection: close\r\n"));
  const kept = lines(ours).filter((one) => !/^(?:connection|keep-alive):/.test(one));
  expect(kept).toEqual(lines(nodes).filter((one) => !one.startsWith("connection:")));
  expect(lines(ours)).toContain("connection: keep-alive");
  expect(lines(ours)).toContain("keep-alive: timeout=95");
  expect(lines(nodes)).toContain("connection: close");
  const body = Buffer.from(ours.split("\r\n\r\n")[1] ?? "", "latin1");
  expect(JSON.parse(body.toString())).toEqual({ id: "u1", name: "Zoë 🦊" });
  expect(lines(ours)).toContain(`content-length: ${body.length}`);
  expect(Math.abs(Date.parse(/\r\nDate: (.*)\r\n/.exec(ours)?.[1] ?? "") - Date.now())).toBeLessThan(5000);
});

test.each(["Zoe", "Zoë", "\u00ff", "\u0100", "🦊"])(
  "its length and its bytes are those of the body (%s)",
  async (name) => {
    const named = await startTestGateway({ "users.profile": () => ({ name }) as never });
    const text = await named.sendBytes(get(), (got) => Buffer.from(got, "latin1").toString().endsWith('"}'));
    await named.stop();
    const body = Buffer.from(text.split("\r\n\r\n")[1] ?? "", "latin1");
    expect(body.toString()).toBe(JSON.stringify({ name }));
    expect(lines(text)).toContain(`content-length: ${body.length}`);
  },
);

test("a connection goes on after it, request by request and pipelined, and ends when the client says so", async () => {
  const text = await gateway.sendBytes(get() + get() + get("connection: close\r\n"));
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
  const old = await gateway.sendBytes(get("", "1.0"));
  expect(old).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(lines(old)).toContain("connection: close");
});

test("a draining gateway closes the connection with it", async () => {
  let answer = (_profile: object) => {};
  let asked = () => {};
  const waiting = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const draining = await startTestGateway({
    "users.profile": () =>
      new Promise<never>((resolve) => {
        answer = resolve as typeof answer;
        asked();
      }),
  });
  const text = draining.sendBytes(get());
  await waiting;
  const drained = draining.gateway.drain();
  answer({ id: "u1" });
  expect(lines(await text)).toContain("connection: close");
  await drained;
  await draining.stop();
});
