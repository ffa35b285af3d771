import { expect, test } from "@jest/globals";
import { createTypingFilter, MAX_TYPING_USERS, TYPING_INTERVAL_MS } from "../../../backend/chat/typing.ts";

test("that a user is typing is reported every few seconds at most, separately for each room", () => {
  const mayTell = createTypingFilter();
  expect(mayTell("lobby", "ada", 0)).toBe(true);
  expect(mayTell("lobby", "ada", 1)).toBe(false);
  expect(mayTell("lobby", "ada", TYPING_INTERVAL_MS - 1)).toBe(false);
  expect(mayTell("other", "ada", 1)).toBe(true);
  expect(mayTell("lobby", "bob", 1)).toBe(true);
  expect(mayTell("lobby", "ada", TYPING_INTERVAL_MS)).toBe(true);
  expect(mayTell("lobby", "ada", TYPING_INTERVAL_MS + 1)).toBe(false);
});

test("of a crowd that writes at once only some are told", () => {
  const mayTell = createTypingFilter();
  const told = (from: number) => Array.from({ length: 500 }, (_, n) => mayTell("lobby", `user-${n}`, from + n));
  expect(told(0).filter(Boolean)).toHaveLength(MAX_TYPING_USERS);
  expect(mayTell("elsewhere", "user-499", 500)).toBe(true);
  expect(told(TYPING_INTERVAL_MS + 1000).filter(Boolean)).toHaveLength(MAX_TYPING_USERS);
});
