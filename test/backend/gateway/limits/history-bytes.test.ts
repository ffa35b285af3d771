import { afterEach, expect, test } from "@jest/globals";
import { ByteBudget, EXPECTED_BYTES, settle } from "../../../../backend/gateway/limits/caps/byte-budget.ts";
import { CAPS } from "../../../../backend/gateway/limits/caps/table.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";
import { connectSignedIn, frame, TEXT, untilClosed } from "../by-hand.ts";

let gateway: TestGateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});
/** How the bytes stand that wait for clients. */
const unsentBytes = () =>
  gateway?.gateway.caps.find(({ cap }) => cap === "unsent_bytes") as { used: number; refused: number };

test("S5: calls at the same time do not pass the limit together, and what was not read is given back", () => {
  let now = 0;
  const budget = new ByteBudget({ bytes: 4 * EXPECTED_BYTES, seconds: 10 }, () => now);
  const accounts = Array.from({ length: 4 }, () => budget.take("a"));
  expect(() => budget.take("a")).toThrow(expect.objectContaining({ type: "RATE_LIMITED" }));
  for (const account of accounts) settle(account, 10);
  for (const account of Array.from({ length: 3 }, () => budget.take("a"))) settle(account, EXPECTED_BYTES);
  expect(() => budget.take("a")).toThrow(
    expect.objectContaining({ data: expect.objectContaining({ retryAfter: 10 }) }),
  );
  now = 10_000;
  budget.take("a");
  expect(budget.refused).toBe(2);
});

test("S5: sockets of one user that do not read hold no more together than the user may", async () => {
  const started = await startTestGateway();
  gateway = started;
  const { port, broker } = started;
  let most = 0;
  const sockets = await Promise.all(
    Array.from({ length: CAPS.sockets.user }, (_, n) => connectSignedIn(port, `192.0.2.${n}`, tokenOf("ada"))),
  );
  const gone = Promise.race(sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve))));
  for (const socket of sockets) socket.pause();
  // the kernel's buffers take some, then ours fill up
  const text = "x".repeat(60_000);
  let isGone = false;
  void gone.then(() => {
    isGone = true;
  });
  for (let n = 0; n < 3_000 && unsentBytes().refused === 0 && !isGone; n++) {
    const payload = { retryAfter: 1, text };
    await broker.broadcast("sockets.broadcast", { users: ["ada"], event: "drain", payload });
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, unsentBytes().used);
  }
  expect(unsentBytes().refused).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(CAPS.unsentBytes.user);
  expect(most).toBeGreaterThan(CAPS.unsentBytes.user / 2);
  for (const socket of sockets) socket.destroy();
});

test("S5: what waits for a client is looked at before a response is added to it", async () => {
  const pictures = [{ id: "x".repeat(700_000), picture: null }];
  const started = await startTestGateway({ "users.pictures": () => ({ pictures }) });
  gateway = started;
  const { port } = started;
  const socket = await connectSignedIn(port, "192.0.2.1", tokenOf("ada"));
  socket.setNoDelay(true).pause(); // each request by itself
  let most = 0;
  for (let n = 0; n < 500 && unsentBytes().refused === 0; n++) {
    socket.write(frame(TEXT, `42${n}["call","users.pictures",{"users":["x"]}]`));
    await new Promise((resolve) => setTimeout(resolve, 2));
    most = Math.max(most, unsentBytes().used);
  }
  expect(unsentBytes().refused).toBe(1);
  expect(most).toBeLessThanOrEqual(CAPS.unsentBytes.connection);
  expect(most).toBeGreaterThan(0);
  await untilClosed(socket);
});
