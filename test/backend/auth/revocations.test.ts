import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Revocations, roleKey, watchRevocations } from "../../../backend/auth/revocations.ts";
import { WRITE_LIMIT_MS } from "../../../backend/store/index.ts";
import { type Running, startServices } from "../start-services.ts";

let running: Running;
let watch: Revocations | undefined;
beforeEach(async () => {
  running = await startServices();
});
afterEach(async () => {
  watch?.stop();
  await running.stop();
});

/** Watches as another node would; `until` resolves when it has been told so many things. */
function watching(isNatsResponding = true) {
  const { store, clock } = running;
  const news: string[] = [];
  let arrived = () => {};
  const note = (what: string) => {
    news.push(what);
    arrived();
  };
  watch = watchRevocations({
    store,
    clock: () => clock.now,
    isNatsResponding: async () => isNatsResponding,
    onEnded: (sid) => note(`ended ${sid}`),
    onRoleChanged: (id, at) => note(`role ${roleKey(id, at)}`),
    onSessionsUnreadable: () => note("unreadable"),
  });
  const until = async (count: number) => {
    while (news.length < count) await new Promise<void>((resolve) => (arrived = resolve));
    return news;
  };
  return { watch, until };
}

test("a node that hears nothing finds in the store what has ended and who has another role, once", async () => {
  const [ada, bob, eve] = [await running.register("Ada"), await running.register("Bob"), await running.register("Eve")];
  const { store, clock } = running;
  const { watch, until } = watching();
  watch.ignore(bob.identity.sid);
  // ended by a node whose clock is behind
  await store.sessions.end(ada.identity.sid, "ended", clock.now - 5000);
  await store.sessions.end(bob.identity.sid, "ended", clock.now);
  await store.users.changeRole(eve.user.id, "moderator", clock.now);
  await until(2);
  await store.users.changeRole(eve.user.id, "user", clock.now + 1);
  const expected = [
    `ended ${ada.identity.sid}`,
    `role ${roleKey(eve.user.id, clock.now)}`,
    `role ${roleKey(eve.user.id, clock.now + 1)}`,
  ];
  // sessions and roles are looked for apart
  expect([...(await until(3))].sort()).toEqual(expected.sort());
});

test("N2: a change that waited for locks before it was committed is found", async () => {
  const [ada, bob] = [await running.register("Ada"), await running.register("Bob")];
  const { store, clock } = running;
  const { until } = watching();
  const begunAt = clock.now;
  clock.now += WRITE_LIMIT_MS;
  // found by a look at the later time
  await store.sessions.end(bob.identity.sid, "ended", clock.now);
  await until(1);
  await store.sessions.end(ada.identity.sid, "ended", begunAt);
  expect(await until(2)).toEqual([`ended ${bob.identity.sid}`, `ended ${ada.identity.sid}`]);
});

test("when neither NATS nor the store responds, the sessions count as unreadable", async () => {
  const { until } = watching(false);
  await running.store.close();
  running.clock.now += 1_001;
  expect((await until(1))[0]).toBe("unreadable");
});
