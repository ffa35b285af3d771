import { expect, test } from "@jest/globals";
import type { ServiceBroker } from "moleculer";
import { createBroker } from "../../../backend/broker.ts";
import { readConfig } from "../../../backend/config.ts";
import { defineService } from "../../../backend/contract/index.ts";
import { GatewaySessions } from "../../../backend/gateway/sessions.ts";
import { createLog } from "../../../backend/log.ts";
import { http, serviceActions, socket } from "../../../backend/surface.ts";
import { startTestGateway } from "../test-gateway.ts";
import { tokenOf, verifyTestToken } from "../test-tokens.ts";

/** A broker whose auth service counts how often it is asked, and waits when it is told to. */
async function asked(
  wait: () => Promise<void> = async () => undefined,
): Promise<{ broker: ServiceBroker; times: () => number }> {
  const config = readConfig({ LOG_LEVEL: "silent" });
  const broker = createBroker(config, createLog(config));
  let times = 0;
  const names = [...http, ...socket].map(({ action }) => action as string).concat(Object.keys(serviceActions));
  const actions = names
    .filter((name) => name.startsWith("auth."))
    .map((name) => [name.slice("auth.".length), () => ({})] as const);
  const verifyToken = async (ctx: { params: { token: string } }) => {
    times++;
    const verified = verifyTestToken(ctx.params.token);
    await wait();
    return verified;
  };
  broker.createService(
    defineService({ name: "auth", actions: { ...Object.fromEntries(actions), verifyToken } } as never),
  );
  await broker.start();
  return { broker, times: () => times };
}

test("who a token speaks for is asked once for what comes right after it, and again a moment later or after any news", async () => {
  const { broker, times } = await asked();
  let now = Date.now();
  const sessions = new GatewaySessions(broker, () => now);
  const alice = `Bearer ${tokenOf("alice")}`;
  expect(await sessions.ofHeader(alice)).toMatchObject({ user: { id: "alice" } });
  expect(sessions.ofHeader(alice)).toMatchObject({ user: { id: "alice" } });
  expect(times()).toBe(1);
  expect(await sessions.ofHeader(`Bearer ${tokenOf("bob")}`)).toMatchObject({ user: { id: "bob" } });
  now += 300;
  await sessions.ofHeader(alice);
  expect(times()).toBe(3);
  sessions.noteEnded("s-other");
  await sessions.ofHeader(alice);
  expect(times()).toBe(4);
  await broker.stop();
});

test("an expired token, a refused one and none at all are never remembered", async () => {
  const { broker, times } = await asked();
  let now = Date.now();
  const sessions = new GatewaySessions(broker, () => now);
  const short = `Bearer ${tokenOf("short", "user", 0.1)}`;
  await sessions.ofHeader(short);
  now += 200;
  await sessions.ofHeader(short);
  expect(times()).toBe(2);
  for (const header of [undefined, "", "Bearer", "Bearer x", "Basic YTpi", "bearer"])
    for (let i = 0; i < 2; i++) await expect(sessions.ofHeader(header)).rejects.toMatchObject({ type: "UNAUTHORIZED" });
  expect(times()).toBe(4);
  await broker.stop();
});

test("a verification that was under way when a session ended is not remembered", async () => {
  let answer = () => {};
  const { broker, times } = await asked(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  );
  const sessions = new GatewaySessions(broker);
  const alice = `Bearer ${tokenOf("alice")}`;
  const first = sessions.ofHeader(alice);
  await new Promise(setImmediate);
  sessions.noteEnded("s-other");
  answer();
  await first;
  const again = sessions.ofHeader(alice);
  expect(again).toBeInstanceOf(Promise);
  await new Promise(setImmediate);
  answer();
  await again;
  expect(times()).toBe(2);
  await broker.stop();
});

test("H4: a token verified before its session ended, its roles changed or sessions became unreadable opens no socket", async () => {
  for (const [news, isRefused] of [
    [(sessions: GatewaySessions) => sessions.noteEnded("s-alice"), true],
    [(sessions: GatewaySessions) => sessions.noteChanged("alice"), false],
    [(sessions: GatewaySessions) => sessions.noteUnreadable(), false],
  ] as const) {
    const respond = Promise.withResolvers<void>();
    const { broker } = await asked(() => respond.promise);
    const sessions = new GatewaySessions(broker);
    const verified = sessions.verify(tokenOf("alice")).catch(() => undefined);
    await new Promise(setImmediate);
    news(sessions);
    respond.resolve();
    const identity = await verified;
    expect(identity === undefined).toBe(isRefused);
    expect(identity && sessions.isCurrent(identity)).toBe(isRefused ? undefined : false);
    // what is verified afterwards counts, unless its session has ended
    const again = await sessions.verify(tokenOf("alice")).catch(() => undefined);
    expect(again && sessions.isCurrent(again)).toBe(isRefused ? undefined : true);
    await broker.stop();
  }
});

test("the end of a session, a changed role and unreadable sessions reach the gateway at once", async () => {
  let ended = false;
  const gateway = await startTestGateway({
    "auth.verifyToken": (ctx) => {
      const verified = verifyTestToken(ctx.params.token);
      return ended ? { ...verified, roles: ["user", "moderator", "admin"] } : verified;
    },
    "users.profile": (ctx) => ({ roles: ctx.meta.user.roles }) as never,
  });
  const token = tokenOf("alice");
  const roles = async () => (await gateway.request("GET", "/api/users/me", { token })).json.roles;
  for (const [event, payload] of [
    ["session.ended", { sid: "other" }],
    ["user.changed", { id: "alice", at: 1 }],
    ["sessions.unreadable", {}],
  ] as const) {
    ended = false;
    await gateway.broker.broadcast("session.ended", { sid: "start" });
    expect(await roles()).toEqual(["user"]);
    ended = true;
    await gateway.broker.broadcast(event, payload);
    expect(await roles()).toEqual(["user", "moderator", "admin"]);
  }
  await gateway.stop();
});
