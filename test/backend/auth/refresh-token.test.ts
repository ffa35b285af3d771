import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { firstRefreshToken, readRefreshToken, refreshKey, successor } from "../../../backend/auth/refresh-token.ts";
import {
  judgeRefresh,
  RETRY_WINDOW_MS,
  SESSION_IDLE_MS,
  SESSION_MAX_MS,
  type Session,
} from "../../../backend/auth/session.ts";

const key = refreshKey(randomBytes(32));
const sid = "0b4f2f0e-0000-4000-8000-000000000000";
const first = firstRefreshToken(sid, key);
const second = successor(first, key);
const third = successor(second, key);

test("the first is random, each successor follows from the one before", () => {
  expect(firstRefreshToken(sid, key).token).not.toBe(first.token);
  expect(successor(first, key)).toEqual(second);
  expect(new Set([first.token, second.token, third.token]).size).toBe(3);
  expect(successor(first, refreshKey(randomBytes(32))).token).not.toBe(second.token);
});

test("a token says whose it is, and its hash does not tell the token", () => {
  expect(readRefreshToken(second.token, key)).toEqual(second);
  expect(second.sid).toBe(sid);
  expect(second.token).not.toContain(second.hash);
  expect(second.hash).toHaveLength(43);
});

test("a token that was not issued here ends no session, even where it names one by its id", () => {
  const [, secret, seal] = second.token.split(".");
  const other = successor(first, refreshKey(randomBytes(32)));
  for (const token of [
    other.token,
    `${sid}.${"A".repeat(43)}.${seal}`,
    `someone-else.${secret}.${seal}`,
    `${sid}.${secret}`,
    `${second.token}.`,
    ` ${second.token}`,
    `${second.token}\n`,
    "",
  ]) {
    expect(readRefreshToken(token, key)).toBeUndefined();
  }
});

test("a token has one spelling", () => {
  fc.assert(
    fc.property(fc.nat(second.token.length - 1), fc.constantFrom(..."ABCDEFabcdef0189_-."), (at, character) => {
      if (second.token[at] === character) return;
      expect(readRefreshToken(second.token.slice(0, at) + character + second.token.slice(at + 1), key)).toBeUndefined();
    }),
  );
  // the last character carries two bits that decoding drops
  const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const read = [...characters].filter((character) => readRefreshToken(second.token.slice(0, -1) + character, key));
  expect(read).toEqual([second.token.at(-1)]);
});

const at = 1_790_000_000_000;
const session: Session = {
  id: sid,
  userId: "u1",
  refreshHash: second.hash,
  previousHash: first.hash,
  accessHash: null,
  rotatedAt: at,
  createdAt: at - 1000,
  usedAt: at,
  endedAt: null,
  address: null,
  agent: null,
};

test.each([
  ["the current token rotates", second.hash, at + 60_000, {}, "rotate"],
  ["its predecessor is a retry for ten seconds", first.hash, at + RETRY_WINDOW_MS, {}, "retry"],
  ["and reuse afterwards", first.hash, at + RETRY_WINDOW_MS + 1, {}, "reuse"],
  ["an older one is reuse at once", "older", at + 1, {}, "reuse"],
  ["nothing revives an ended session", second.hash, at + 1, { endedAt: at }, "dead"],
  ["a session unused for seven days is over", second.hash, at + SESSION_IDLE_MS, {}, "dead"],
  ["one of thirty days is over however it is used", second.hash, at, { createdAt: at - SESSION_MAX_MS }, "dead"],
] as const)("%s", (_, hash, now, change, verdict) => {
  expect(judgeRefresh({ ...session, ...change }, hash, now)).toBe(verdict);
});
