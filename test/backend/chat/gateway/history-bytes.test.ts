import { afterEach, expect, test } from "@jest/globals";
import { CAPS } from "../../../../backend/gateway/limits/caps/table.ts";
import { emit } from "../../socket-calls.ts";
import type { TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";
import { joinedRoom, startChatGateway } from "../chat-gateway.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

const large = joinedRoom("large", { messages: [{ text: "x".repeat(100_000) } as never] });
const start = (historyBytes = CAPS.historyBytes) =>
  startChatGateway({ "chat.join": () => large, "chat.history": () => large }, { caps: { ...CAPS, historyBytes } });

test("S5: a user reads so many bytes of history, by joining and by paging, and others are not held up", async () => {
  gateway = await start({ user: 250_000, address: 400_000, seconds: 10 });
  const at = (name: string, ip: string) => gateway.connect(tokenOf(name), { extraHeaders: { "cf-connecting-ip": ip } });
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
  const socket = await gateway.connect(tokenOf("ada"));
  for (let n = 0; n < 3; n++) socket.emit("call", "chat.history", { room: "large" });
  expect((await emit(socket, "call", "nonsense")).error?.code).toBe("NOT_FOUND");
  expect((await emit(socket, "call", "chat.history", { room: "large" })).error?.code).toBe("RATE_LIMITED");
});

test("S5: a client that reads gets all it has asked for at once, however much that is together", async () => {
  gateway = await start({ user: 1e9, address: 1e9, seconds: 10 });
  const socket = await gateway.connect(tokenOf("ada"));
  const answers = Array.from({ length: 20 }, () => emit(socket, "call", "chat.history", { room: "large" }));
  for (const { result } of await Promise.all(answers)) expect(result).toEqual(large);
});
