import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import type { Socket as ClientSocket } from "socket.io-client";
import { disconnected, emit } from "../../socket-calls.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf, verifyTestToken } from "../../test-tokens.ts";
import { frame, handshake, TEXT } from "../by-hand.ts";

let gateway: TestGateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

/** All that comes until the connection is closed. */
async function textOf(connection: Socket): Promise<string> {
  let text = "";
  connection.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  await once(connection, "close");
  return text;
}

test.each<[string, (gateway: TestGateway, spoil: () => void) => Promise<void> | undefined]>([
  ["a drain", ({ gateway }) => gateway.drain()],
  [
    "the time in which a node must not serve",
    ({ gateway }, spoil) => {
      spoil();
      gateway.release();
      return undefined;
    },
  ],
])("N3: a client whose token is verified when %s begins is told to go to another node", async (_, begin) => {
  const [asked, answers] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const opened: string[] = [];
  let problem: string | undefined;
  gateway = await startTestGateway(
    {
      async "auth.verifyToken"(ctx) {
        asked.resolve();
        await answers.promise;
        return verifyTestToken(ctx.params.token);
      },
    },
    {
      features: [{ name: "watcher", opened: ({ user }) => void opened.push(user.id) }],
      gatewayOptions: { problem: () => problem },
    },
  );
  const { connection } = await handshake(gateway.port, "192.0.2.1");
  const text = textOf(connection);
  connection.write(frame(TEXT, `40${JSON.stringify({ token: tokenOf("late") })}`));
  await asked.promise;
  const drained = begin(gateway, () => {
    problem = "the clock is wrong";
  });
  answers.resolve();
  expect(await text).toContain('42["drain",{"retryAfter":0}]');
  expect(opened).toEqual([]);
  await drained;
});

test("sockets whose tokens expire in the same second are closed then, and one with a fresh token is not", async () => {
  gateway = await startTestGateway();
  const expiresAt = Math.ceil(Date.now() / 1000) + 1;
  const token = (name: string, seconds = expiresAt) => `user.${name}.${seconds}`;
  const sockets = await Promise.all(["ann", "bob", "carl"].map((name) => gateway?.connect(token(name))));
  const [ann, bob, carl] = sockets as [ClientSocket, ClientSocket, ClientSocket];
  expect((await emit(bob, "authenticate", token("bob", expiresAt + 600))).error).toBeNull();
  carl.disconnect();
  expect(await disconnected(ann)).toMatch(/io server disconnect|transport close/);
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt * 1000 - 5);
  expect((await emit(bob, "authenticate", token("bob", expiresAt + 700))).error).toBeNull();
});
