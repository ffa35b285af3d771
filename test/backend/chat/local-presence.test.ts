import { beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { LocalPresence } from "../../../backend/chat/local-presence.ts";
import { PRESENCE_TIMES } from "../../../backend/chat/presence.ts";
import { createPresenceRegistry } from "../../../backend/chat/presence-registry.ts";

let now: number;
let presence: LocalPresence;
beforeEach(() => {
  now = 1_000_000;
  presence = new LocalPresence(PRESENCE_TIMES, () => now);
  presence.nextReport(); // a node's first report: no user is here
});

/** What is told within so many seconds. */
function within(seconds: number) {
  const told: string[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const here = presence.nextReport();
    for (const state of ["online", "away", "offline"] as const)
      for (const user of here?.[state] ?? []) told.push(`${user} ${state}`);
    now += 1000;
  }
  return told;
}

test("a user is online while a socket of theirs is open, and offline some seconds after the last has closed", () => {
  presence.socketOpened("ada", "online");
  expect(within(1)).toEqual(["ada online"]);
  presence.socketOpened("ada", "online");
  presence.socketClosed("ada", "online");
  expect(within(60)).toEqual([]);
  presence.socketClosed("ada", "online");
  expect(within(10)).toEqual([]);
  expect(within(1)).toEqual(["ada offline"]);
});

test("a reload does not flicker", () => {
  presence.socketOpened("ada", "online");
  within(20);
  presence.socketClosed("ada", "online");
  within(3);
  presence.socketOpened("ada", "online");
  expect(within(60)).toEqual([]);
});

test("one is away when every device is, and back with the first that is not", () => {
  presence.socketOpened("ada", "away");
  expect(within(6)).toEqual(["ada away"]);
  presence.socketOpened("ada", "online");
  expect(within(6)).toEqual(["ada online"]);
  presence.socketClosed("ada", "online");
  expect(within(6)).toEqual(["ada away"]);
});

test("presence of a user who connects in a loop is reported every few seconds at most, and leaves nothing behind", () => {
  for (let turn = 0; turn < 300; turn += 1) {
    presence.socketOpened("mallory", "online");
    presence.socketClosed("mallory", "online");
    presence.socketOpened("mallory", "away");
    presence.socketClosed("mallory", "away");
    expect(within(1).length).toBeLessThanOrEqual(1);
  }
  within(60);
  for (let turn = 0; turn < 60; turn += 1) {
    presence.socketOpened("mallory", turn % 2 ? "away" : "online");
    presence.socketClosed("mallory", turn % 2 ? "online" : "away");
  }
  within(60);
  presence.repeatAll();
  expect(presence.nextReport()).toMatchObject({ whole: true, online: [], away: [], offline: [] });
});

test("asked for everything, a node says what it has told, in parts that a message can carry", () => {
  for (let n = 0; n < 45_000; n += 1) presence.socketOpened(`user-${n}`, "online");
  expect(within(10)).toHaveLength(45_000);
  presence.socketClosed("user-0", "online"); // within its grace: still there for everybody
  presence.repeatAll();
  const parts = [presence.nextReport(), presence.nextReport(), presence.nextReport()];
  expect(parts.map((part) => [part?.whole, part?.online.length])).toEqual([
    [true, 20_000],
    [false, 20_000],
    [false, 5000],
  ]);
});

test("a node that has nothing to say says so now and then, with the next number", () => {
  const spoken = Array.from({ length: 45 }, () => presence.nextReport()).filter((here) => here !== undefined);
  expect(spoken.map(({ revision }) => revision)).toEqual([2, 3, 4]);
});

test("whatever happens, and whichever events are lost, every node ends up knowing who is where", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("open" as const),
      node: fc.nat(1),
      user: fc.nat(4),
      state: fc.constantFrom("online" as const, "away" as const),
    }),
    fc.record({ kind: fc.constant("close" as const), pick: fc.nat() }),
    fc.record({ kind: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 12 }), lost: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const nodes = [0, 1].map(() => new LocalPresence(PRESENCE_TIMES, () => now));
      const registry = createPresenceRegistry(PRESENCE_TIMES);
      const open: { node: number; user: string; state: "online" | "away" }[] = [];
      const pass = (seconds: number, lost: boolean) => {
        for (let second = 0; second < seconds; second += 1) {
          nodes.forEach((node, index) => {
            const here = node.nextReport();
            if (here && !lost && !registry.applyReport(`node-${index}`, here)) node.repeatAll();
          });
          registry.confirmBroadcast(registry.changes(now, 1000));
          now += 1000;
        }
      };
      for (const one of steps) {
        if (one.kind === "open") {
          const socket = { node: one.node, user: `user-${one.user}`, state: one.state };
          open.push(socket);
          nodes[socket.node]?.socketOpened(socket.user, socket.state);
        } else if (one.kind === "close") {
          const [socket] = open.length > 0 ? open.splice(one.pick % open.length, 1) : [];
          if (socket) nodes[socket.node]?.socketClosed(socket.user, socket.state);
        } else {
          pass(one.seconds, one.lost);
        }
      }
      pass(60, false);
      for (let n = 0; n <= 4; n += 1) {
        const states = open.filter(({ user }) => user === `user-${n}`).map(({ state }) => state);
        const expected = states.includes("online") ? "online" : (states[0] ?? "offline");
        expect(registry.stateOf(`user-${n}`)).toBe(expected);
      }
      expect(registry.changes(now, 1000)).toEqual([]);
    }),
  );
});
