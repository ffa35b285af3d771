import { expect, test } from "@jest/globals";
import { eventDifferences, resultDifferences } from "../openapi-differences.ts";

const message = { room: "r", seq: 1, epoch: "e", author: { id: "i", name: "n" }, text: "t", at: 1, clientId: "c" };

test("a result or event of the chat that was not declared is found, and so is a value of the wrong type", () => {
  expect(resultDifferences("chat.send", null, { message })).toEqual([]);
  expect(resultDifferences("chat.send", null, { message: { ...message, editedAt: 1, mentions: ["i"] } })).toEqual([]);
  expect(
    resultDifferences("chat.send", null, { message: { ...message, author: { id: "i", name: "n", email: "x" } } }),
  ).toHaveLength(1);
  expect(eventDifferences("read", { room: "r", epoch: "e", marks: [{ user: "u", seq: 1, at: 1 }] })).toHaveLength(1);
  const changed = { room: "r", user: "u", role: null, mutedUntil: null };
  expect(resultDifferences("chat.kick", null, changed)).toEqual([]);
  expect(resultDifferences("chat.kick", null, { ...changed, role: "king" })).toHaveLength(1);
});
