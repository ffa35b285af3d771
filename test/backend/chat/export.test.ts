import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { emit } from "../socket-calls.ts";
import { startTestBackend, type TestBackend } from "../test-backend.ts";

let backend: TestBackend;
beforeEach(async () => {
  backend = await startTestBackend();
});
afterEach(() => backend.stop());

test("the export of a user holds all messages and reports of the user, and nothing of others", async () => {
  const [ada, ben] = [await backend.registerUser(), await backend.registerUser()];
  const [own, other] = [await backend.connect(ada.accessToken), await backend.connect(ben.accessToken)];
  for (const socket of [own, other]) await emit(socket, "call", "chat.join", { room: "lobby" });
  // more than a page of each feature's part
  for (let n = 0; n < 95; n++)
    await emit(own, "call", "chat.send", { room: "lobby", text: `mine ${n}`, clientId: `c-${n}` });
  const { result } = await emit(other, "call", "chat.send", { room: "lobby", text: "theirs", clientId: "c-1" });
  const { seq } = (result as { message: { seq: number } }).message;
  await emit(own, "call", "chat.report", { room: "lobby", seq, reason: "rude" });
  await emit(own, "call", "chat.edit", { room: "lobby", seq: 1, text: "mine, edited" });
  await emit(own, "call", "chat.delete", { room: "lobby", seq: 2 });
  const { text } = await backend.request("GET", "/api/users/me/export", { token: ada.accessToken });
  const lines = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const messages = lines.filter(({ type }) => type === "message");
  expect(messages).toHaveLength(94);
  expect(new Set(messages.map(({ seq }) => seq)).size).toBe(94);
  expect(messages.find(({ seq }) => seq === 1)).toEqual({
    ...{ type: "message", room: "lobby", seq: 1, text: "mine, edited" },
    ...{ at: expect.any(Number), editedAt: expect.any(Number) },
  });
  expect(lines.filter(({ type }) => type === "report")).toEqual([
    { type: "report", room: "lobby", seq, reason: "rude", at: expect.any(Number) },
  ]);
  expect(lines.at(-1)).toEqual({ type: "end", lines: lines.length - 1 });
  expect(text).not.toContain("theirs");
  expect(text).not.toContain(ben.id);
});
