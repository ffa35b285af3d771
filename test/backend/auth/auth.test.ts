import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { generateSigningKey } from "../../../backend/auth/access-token.ts";
import { accessHash } from "../../../backend/auth/access-tokens.ts";
import { KEY_DELAY_MS, KEY_OVERLAP_MS } from "../../../backend/auth/key-ring.ts";
import { MAX_SESSIONS, RETRY_WINDOW_MS, SESSION_IDLE_MS, SESSION_MAX_MS } from "../../../backend/auth/session.ts";
import { publicError } from "../../../backend/contract/index.ts";
import { type Running, startServices } from "../start-services.ts";

let running: Running;
beforeEach(async () => {
  running = await startServices();
});
afterEach(() => running.stop());

const outcomeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => "accepted",
    (error) => publicError(error).code,
  );
const refresh = (refreshToken: string) => running.call("auth.refresh", { refreshToken });
const verify = (token: string) => running.call("auth.verifyToken", { token });
const MINUTE = 60_000;

test("a refresh token works once and gives the next, with a fresh access token", async () => {
  const ada = await running.register("Ada");
  running.clock.now += 9 * MINUTE;
  const next = await refresh(ada.refreshToken);
  expect(next).toMatchObject({ user: ada.user, expiresIn: 600 });
  expect(next.refreshToken).not.toBe(ada.refreshToken);
  running.clock.now += 5 * MINUTE;
  expect(await outcomeOf(verify(ada.accessToken))).toBe("UNAUTHORIZED");
  expect(await verify(next.accessToken)).toMatchObject(ada.identity);
});

test("N7: a session's row has the hash of the access token that was issued with its newest refresh token", async () => {
  const stored = async () => (await running.store.sessions.find(ada.identity.sid))?.session.accessHash;
  const ada = await running.register("Ada");
  expect(await stored()).toBe(accessHash(ada.accessToken));
  const next = await refresh(ada.refreshToken);
  expect(await stored()).toBe(accessHash(next.accessToken));
  const retry = await refresh(ada.refreshToken);
  await running.call("auth.generateToken", { userId: ada.user.id, sid: ada.identity.sid });
  expect(await stored()).toBe(accessHash(next.accessToken));
  expect(await verify(retry.accessToken)).toMatchObject(ada.identity);
});

test("a lost response does not end the session: retries within ten seconds get the same successor", async () => {
  const ada = await running.register("Ada");
  const both = await Promise.all([refresh(ada.refreshToken), refresh(ada.refreshToken), refresh(ada.refreshToken)]);
  running.clock.now += RETRY_WINDOW_MS;
  both.push(await refresh(ada.refreshToken));
  expect(new Set(both.map((answer) => answer.refreshToken)).size).toBe(1);
  expect(await outcomeOf(refresh(both[0]!.refreshToken))).toBe("accepted");
});

test.each([
  ["the predecessor after ten seconds", RETRY_WINDOW_MS + 1, 1],
  ["an older one at once", 0, 2],
])("reuse of %s ends the session at once, and broadcasts that it was reused", async (_, wait, rotations) => {
  const ada = await running.register("Ada");
  let current = ada.refreshToken;
  for (let n = 0; n < rotations; n += 1) current = (await refresh(current)).refreshToken;
  running.clock.now += wait;
  expect(await outcomeOf(refresh(ada.refreshToken))).toBe("SIGN_IN");
  expect(await outcomeOf(refresh(current))).toBe("SIGN_IN");
  expect(await outcomeOf(verify(ada.accessToken))).toBe("UNAUTHORIZED");
  const { sid, id: userId } = ada.identity;
  expect(running.announced).toContainEqual({ event: "session.ended", payload: { sid } });
  expect(running.announced).toContainEqual({ event: "session.reused", payload: { sid, userId } });
});

test("one user's reuse leaves the user's other sessions alone", async () => {
  const ada = await running.register("Ada");
  const other = await running.call("auth.startSession", { userId: ada.user.id });
  const next = await refresh(ada.refreshToken);
  await refresh(next.refreshToken);
  expect(await outcomeOf(refresh(ada.refreshToken))).toBe("SIGN_IN");
  expect(await outcomeOf(refresh(other.refreshToken))).toBe("accepted");
});

test("a forged token ends nothing", async () => {
  const ada = await running.register("Ada");
  const forged = `${ada.identity.sid}.${"A".repeat(43)}.${"A".repeat(43)}`;
  expect(await outcomeOf(refresh(forged))).toBe("SIGN_IN");
  expect(await outcomeOf(running.call("auth.refresh", {}))).toBe("SIGN_IN");
  expect(await outcomeOf(refresh(ada.refreshToken))).toBe("accepted");
  expect(running.announced.filter(({ event }) => event === "session.reused")).toEqual([]);
});

test("a session ends after seven days without use, and after thirty days however used", async () => {
  const idle = await running.register("Idle");
  const busy = await running.register("Busy");
  let token = busy.refreshToken;
  const step = SESSION_IDLE_MS - MINUTE;
  for (let age = step; age < SESSION_MAX_MS; age += step) {
    running.clock.now += step;
    token = (await refresh(token)).refreshToken;
  }
  expect(await outcomeOf(refresh(idle.refreshToken))).toBe("SIGN_IN");
  running.clock.now += step;
  expect(await outcomeOf(refresh(token))).toBe("SIGN_IN");
});

test("after logout neither the access token nor the refresh token counts, at once", async () => {
  const ada = await running.register("Ada");
  await verify(ada.accessToken);
  await running.call("auth.logout", {}, ada.identity);
  expect(await outcomeOf(verify(ada.accessToken))).toBe("UNAUTHORIZED");
  expect(await outcomeOf(refresh(ada.refreshToken))).toBe("SIGN_IN");
  expect(running.announced).toContainEqual({ event: "session.ended", payload: { sid: ada.identity.sid } });
});

test("a node that hears of an ended session refuses its tokens at once; one that does not hear does within a second", async () => {
  const told = await running.register("Told");
  const untold = await running.register("Untold");
  for (const { accessToken } of [told, untold]) await verify(accessToken);
  for (const { identity } of [told, untold]) await running.store.sessions.end(identity.sid, "ended", running.clock.now);
  await running.broker.broadcast("session.ended", { sid: told.identity.sid });
  expect(await outcomeOf(verify(told.accessToken))).toBe("UNAUTHORIZED");
  running.clock.now += 1000;
  expect(await outcomeOf(verify(untold.accessToken))).toBe("UNAUTHORIZED");
});

test("a token is refused when its session ends while the database is read", async () => {
  const ada = await running.register("Ada");
  const { sessions } = running.store;
  const find = sessions.find.bind(sessions);
  running.clock.now += 1000;
  try {
    sessions.find = async (sid) => {
      const found = await find(sid);
      await running.broker.broadcast("session.ended", { sid });
      return found;
    };
    expect(await outcomeOf(verify(ada.accessToken))).toBe("UNAUTHORIZED");
  } finally {
    sessions.find = find;
  }
});

test("a disabled user's tokens do not count, even before the sessions have been ended", async () => {
  const ada = await running.register("Ada");
  await verify(ada.accessToken);
  await running.store.users.disable(ada.user.id, running.clock.now);
  running.clock.now += 1000;
  expect(await outcomeOf(verify(ada.accessToken))).toBe("UNAUTHORIZED");
  expect(await outcomeOf(refresh(ada.refreshToken))).toBe("SIGN_IN");
});

test("a user who is disabled while a session starts gets none, not even when enabled again", async () => {
  const ada = await running.register("Ada");
  const { sessions, users } = running.store;
  const before = await sessions.list(ada.user.id);
  const start = sessions.start.bind(sessions);
  try {
    sessions.start = async (...args) => {
      await users.disable(ada.user.id, running.clock.now);
      return start(...args);
    };
    expect(await outcomeOf(running.call("auth.startSession", { userId: ada.user.id }))).toBe("CREDENTIALS");
  } finally {
    sessions.start = start;
  }
  expect(await sessions.list(ada.user.id)).toEqual(before);
});

test("roles are those the user has now, not those when the token was made", async () => {
  const ada = await running.register("Ada");
  await running.store.users.changeRole((await running.register("Root")).user.id, "admin");
  await running.store.users.changeRole(ada.user.id, "admin");
  running.clock.now += 1000;
  expect((await verify(ada.accessToken)).roles).toEqual(["user", "moderator", "admin"]);
  await running.store.users.changeRole(ada.user.id, "user");
  running.clock.now += 1000;
  expect((await verify(ada.accessToken)).roles).toEqual(["user"]);
});

test("a user has a bounded number of sessions: the oldest ends when another begins", async () => {
  const ada = await running.register("Ada");
  for (let n = 1; n < MAX_SESSIONS; n += 1) {
    running.clock.now += 1;
    await running.call("auth.startSession", { userId: ada.user.id });
  }
  expect(await outcomeOf(verify(ada.accessToken))).toBe("accepted");
  await running.call("auth.startSession", { userId: ada.user.id });
  expect(await outcomeOf(verify(ada.accessToken))).toBe("UNAUTHORIZED");
  expect(await running.store.sessions.list(ada.user.id)).toHaveLength(MAX_SESSIONS);
});

test("a token of a session that does not exist is refused, however well signed", async () => {
  const ada = await running.register("Ada");
  const bob = await running.register("Bob");
  const stray = await running.call("auth.generateToken", { userId: ada.user.id, sid: "none" });
  expect(await outcomeOf(verify(stray.accessToken))).toBe("UNAUTHORIZED");
  const mixed = await running.call("auth.generateToken", { userId: ada.user.id, sid: bob.identity.sid });
  expect(await outcomeOf(verify(mixed.accessToken))).toBe("UNAUTHORIZED");
});

test("the keys outlive a restart: tokens that were issued before it are accepted after it", async () => {
  const ada = await running.register("Ada");
  const { keys } = await running.call("auth.jwks", {});
  await running.broker.destroyService("auth");
  const { authService } = await import("../../../backend/auth/auth.service.ts");
  running.broker.createService(authService({ store: running.store, clock: () => running.clock.now }));
  await running.broker.waitForServices("auth");
  expect(await running.call("auth.jwks", {})).toEqual({ keys });
  expect(await verify(ada.accessToken)).toMatchObject(ada.identity);
  expect(await outcomeOf(refresh(ada.refreshToken))).toBe("accepted");
});

test("keys rotate with overlap: no issued token is refused, and the old key goes with its last token", async () => {
  const ada = await running.register("Ada");
  const kidOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[0]!, "base64url").toString()).kid;
  const kids = async () => (await running.call("auth.jwks", {})).keys.map((key) => (key as { kid: string }).kid);
  const [old] = await kids();
  let { refreshToken } = ada;
  const renew = async () => {
    const renewed = await refresh(refreshToken);
    refreshToken = renewed.refreshToken;
    return renewed.accessToken;
  };
  await running.store.keys.rotate("access", generateSigningKey(), running.clock.now);
  running.clock.now += KEY_DELAY_MS / 2;
  // published first, used later: no node meets a token whose key it cannot know
  const both = await kids();
  expect(both).toHaveLength(2);
  const last = await renew();
  expect(kidOf(last)).toBe(old);
  running.clock.now += KEY_DELAY_MS / 2;
  const next = await renew();
  expect(kidOf(next)).toBe(both.find((kid) => kid !== old));
  for (const token of [last, next, ada.accessToken]) expect(await verify(token)).toMatchObject(ada.identity);
  running.clock.now += KEY_OVERLAP_MS;
  expect(await kids()).toEqual([kidOf(next)]);
  expect(await outcomeOf(verify(await renew()))).toBe("accepted");
});

test("the JWKS has public keys only", async () => {
  const { keys } = await running.call("auth.jwks", {});
  expect(keys).toEqual([
    {
      kty: "EC",
      crv: "P-256",
      x: expect.any(String),
      y: expect.any(String),
      kid: expect.any(String),
      alg: "ES256",
      use: "sig",
    },
  ]);
});
