import { expect, test } from "@jest/globals";
import { createTypingPace, TYPING_PACE, TYPISTS } from "../../../backend/chat/typing.ts";

test("that somebody is writing is told every few seconds at most, in each room by itself", () => {
  const mayTell = createTypingPace();
  expect(mayTell("lobby", "ada", 0)).toBe(true);
  expect(mayTell("lobby", "ada", 1)).toBe(false);
  expect(mayTell("lobby", "ada", TYPING_PACE - 1)).toBe(false);
  expect(mayTell("other", "ada", 1)).toBe(true);
  expect(mayTell("lobby", "bob", 1)).toBe(true);
  expect(mayTell("lobby", "ada", TYPING_PACE)).toBe(true);
  expect(mayTell("lobby", "ada", TYPING_PACE + 1)).toBe(false);
});

test("of a crowd that writes at once only some are told", () => {
  const mayTell = createTypingPace();
  const told = (from: number) => Array.from({ length: 500 }, (_, n) => mayTell("lobby", `user-${n}`, from + n));
  expect(told(0).filter(Boolean)).toHaveLength(TYPISTS);
  expect(mayTell("elsewhere", "user-499", 500)).toBe(true);
  expect(told(TYPING_PACE + 1000).filter(Boolean)).toHaveLength(TYPISTS);
});
