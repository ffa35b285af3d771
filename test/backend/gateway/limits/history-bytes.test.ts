import { afterEach, expect, test } from "@jest/globals";
import { ByteBudget, EXPECTED, settle } from "../../../../backend/gateway/limits/caps/byte-budget.ts";
import { CAPS } from "../../../../backend/gateway/limits/caps/table.ts";
import { emit, joinedRoom, startTestGateway, type TestGateway, tokenOf } from "../../support.ts";
import { closed, frame, signedIn, TEXT } from "../by-hand.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

const large = joinedRoom("large", { messages: [{ text: "x".repeat(100_000) } as never] });
const start = (historyBytes = CAPS.historyBytes) =>
  startTestGateway({ "chat.join": () => large, "chat.history": () => large }, { caps: { ...CAPS, historyBytes } });

test("S5: a user reads so many bytes of history, by joining and by paging, and others are not held up", async () => {
  gateway = await start({ user: 250_000, address: 400_000, seconds: 10 });
  const at = (name: string, ip: string) => gateway.socket(tokenOf(name), { extraHeaders: { "cf-connecting-ip": ip } });
  const code = async (socket: Awaited<ReturnType<typeof at>>, action: string) =>
    (await emit(socket, "call", action, { room: "large" })).error?.code;
  const [ada, again] = [await at("ada", "192.0.2.1"), await at("ada", "192.0.2.2")];
  expect([await code(ada, "chat.join"), await code(again, "chat.history"), await code(ada, "chat.history")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([await code(ada, "chat.join"), await code(again, "chat.history")]).toEqual(["RATE_LIMITED", "RATE_LIMITED"]);
  const bob = await at("bob", "192.0.2.3");
  expect(await code(bob, "chat.join")).toBeUndefined();
  // an address holds so many users and no more
  const names = ["cem", "dan", "eva", "fay", "gil", "hal"];
  const codes = [];
  for (const name of names) codes.push(await code(await at(name, "192.0.2.9"), "chat.join"));
  expect(codes).toEqual([undefined, undefined, undefined, undefined, "RATE_LIMITED", "RATE_LIMITED"]);
  expect(gateway.gateway.caps.find(({ cap }) => cap === "history_bytes")?.refused).toBe(4);
});

test("S5: what a user reads without wanting the response counts as well", async () => {
  gateway = await start({ user: 250_000, address: 400_000, seconds: 10 });
  const socket = await gateway.socket(tokenOf("ada"));
  for (let n = 0; n < 3; n++) socket.emit("call", "chat.history", { room: "large" });
  expect((await emit(socket, "call", "nonsense")).error?.code).toBe("NOT_FOUND");
  expect((await emit(socket, "call", "chat.history", { room: "large" })).error?.code).toBe("RATE_LIMITED");
});

test("S5: calls at the same time do not pass the limit together, and what was not read is given back", () => {
  let now = 0;
  const budget = new ByteBudget({ bytes: 4 * EXPECTED, seconds: 10 }, () => now);
  const accounts = Array.from({ length: 4 }, () => budget.take("a"));
  expect(() => budget.take("a")).toThrow(expect.objectContaining({ type: "RATE_LIMITED" }));
  for (const account of accounts) settle(account, 10);
  for (const account of Array.from({ length: 3 }, () => budget.take("a"))) settle(account, EXPECTED);
  expect(() => budget.take("a")).toThrow(
    expect.objectContaining({ data: expect.objectContaining({ retryAfter: 10 }) }),
  );
  now = 10_000;
  budget.take("a");
  expect(budget.refused).toBe(2);
});

test("S5: sockets of one user that do not read hold no more together than the user may", async () => {
  gateway = await start();
  const used = () =>
    gateway.gateway.caps.find(({ cap }) => cap === "unsent_bytes") as { used: number; refused: number };
  let most = 0;
  const sockets = await Promise.all(
    Array.from({ length: CAPS.sockets.user }, (_, n) => signedIn(gateway.port, `192.0.2.${n}`, tokenOf("ada"))),
  );
  const gone = Promise.race(sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve))));
  for (const socket of sockets) socket.pause();
  // the kernel's buffers take some, then ours fill up
  const message = JSON.stringify({ room: "lobby", text: "x".repeat(60_000) });
  let isGone = false;
  void gone.then(() => {
    isGone = true;
  });
  for (let n = 0; n < 3_000 && used().refused === 0 && !isGone; n++) {
    await gateway.broker.broadcast("sockets.broadcast", {
      users: ["ada"],
      event: "serverMessage",
      payload: { text: message, at: 1 },
    });
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, used().used);
  }
  expect(used().refused).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(CAPS.unsentBytes.user);
  expect(most).toBeGreaterThan(CAPS.unsentBytes.user / 2);
  for (const socket of sockets) socket.destroy();
});

test("S5: what waits for a client is looked at before a response is added to it", async () => {
  const page = joinedRoom("large", { messages: [{ text: "x".repeat(700_000) } as never] });
  gateway = await startTestGateway(
    { "chat.history": () => page },
    { caps: { ...CAPS, historyBytes: { user: 1e9, address: 1e9, seconds: 10 } } },
  );
  const socket = await signedIn(gateway.port, "192.0.2.1", tokenOf("ada"));
  socket.setNoDelay(true).pause(); // each request by itself
  const caps = () =>
    gateway.gateway.caps.find(({ cap }) => cap === "unsent_bytes") as { used: number; refused: number };
  let most = 0;
  for (let n = 0; n < 500 && caps().refused === 0; n++) {
    socket.write(frame(TEXT, `42${n}["call","chat.history",{"room":"large"}]`));
    await new Promise((resolve) => setTimeout(resolve, 2));
    most = Math.max(most, caps().used);
  }
  expect(caps().refused).toBe(1);
  expect(most).toBeLessThanOrEqual(CAPS.unsentBytes.connection);
  expect(most).toBeGreaterThan(0);
  await closed(socket);
});

test("S5: a client that reads gets all it has asked for at once, however much that is together", async () => {
  gateway = await start({ user: 1e9, address: 1e9, seconds: 10 });
  const socket = await gateway.socket(tokenOf("ada"));
  const answers = Array.from({ length: 20 }, () => emit(socket, "call", "chat.history", { room: "large" }));
  for (const { result } of await Promise.all(answers)) expect(result).toEqual(large);
});
