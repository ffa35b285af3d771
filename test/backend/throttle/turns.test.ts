import { expect, test } from "@jest/globals";
import {
  createTurns,
  GRACE,
  IDLE,
  MAX_WAIT,
  type Origin,
  type SavedTurns,
  type Turns,
} from "../../../backend/throttle/turns.ts";

const start = 1_790_000_000_000;

/** The turns of one account, which are stored as text between two questions, as another node reads them. */
function turns() {
  const clock = { now: start };
  let stored: string | undefined;
  const restored = () => createTurns(stored === undefined ? undefined : (JSON.parse(stored) as SavedTurns));
  const changed = <T>(change: (turns: Turns) => T): T => {
    const one = restored();
    const result = change(one);
    stored = JSON.stringify(one);
    return result;
  };
  return {
    clock,
    origin: (n: number): Origin => ({ network: `network ${n}`, block: `block ${n}` }),
    isWanted: () => restored().isWanted(clock.now),
    waitFor: (origin: Origin, opensAt: number) => changed((one) => one.waitFor(origin, opensAt, clock.now)),
    took: (origin: Origin) => changed((one) => one.took(origin, clock.now)),
    forgive: (origin: Origin) => changed((one) => one.forgive(origin)),
    storedLength: () => stored?.length ?? 0,
  };
}

test("while no network waits, whoever comes may try", () => {
  const { waitFor, isWanted, origin } = turns();
  expect(waitFor(origin(1), start)).toBe(0);
  expect(isWanted()).toBe(false);
});

test("a try that opens goes to the network that has had none, then to the one whose last is the longest ago", () => {
  const { clock, waitFor, took, origin } = turns();
  const opensAt = start + 10_000;
  for (const n of [1, 2]) {
    took(origin(n));
    clock.now += 1000;
  }
  for (const n of [2, 1, 3]) expect(waitFor(origin(n), opensAt)).toBe(opensAt - clock.now);
  clock.now = opensAt;
  const order: number[] = [];
  while (order.length < 3) {
    const next = [1, 2, 3].find((n) => !order.includes(n) && waitFor(origin(n), opensAt) === 0);
    if (next === undefined) throw new Error("nobody may try");
    took(origin(next));
    order.push(next);
  }
  expect(order).toEqual([3, 1, 2]);
});

test("S6: networks that keep a place and never come when it is their turn lose it one after another", () => {
  const { clock, waitFor, origin } = turns();
  const opensAt = start + MAX_WAIT;
  for (let n = 0; n < 16; n += 1) waitFor(origin(n), opensAt);
  let told = waitFor(origin(99), opensAt);
  let asked = 0;
  while (told > 0) {
    // the others ask as well, but only while it is not their turn; the first has it from the start
    clock.now += told;
    for (let n = 15; n > asked; n -= 1) waitFor(origin(n), clock.now + 1);
    asked += 1;
    told = waitFor(origin(99), opensAt);
  }
  expect(clock.now - opensAt).toBeLessThanOrEqual(16 * GRACE);
});

test("a network that does not come back in time has no place any more", () => {
  const { clock, waitFor, origin } = turns();
  const opensAt = start + 5000;
  waitFor(origin(1), opensAt);
  clock.now = opensAt;
  waitFor(origin(2), opensAt);
  expect(waitFor(origin(2), opensAt)).toBeGreaterThan(0);
  clock.now = opensAt + GRACE + 1;
  expect(waitFor(origin(2), opensAt)).toBe(0);
});

test("a right try is no turn that was had", () => {
  const { clock, waitFor, took, forgive, origin } = turns();
  for (const n of [1, 2]) took(origin(n));
  forgive(origin(2));
  const opensAt = start + 1000;
  for (const n of [1, 2]) waitFor(origin(n), opensAt);
  clock.now = opensAt;
  expect([1, 2].map((n) => waitFor(origin(n), opensAt) === 0)).toEqual([false, true]);
});

test("places and memory are bounded, and one block does not take them all", () => {
  const { clock, waitFor, took, isWanted, origin, storedLength } = turns();
  const opensAt = start + MAX_WAIT;
  const crowd = (n: number): Origin => ({ network: `crowd ${n}`, block: "crowd" });
  for (let n = 0; n < 500; n += 1) took(origin(n));
  for (let n = 0; n < 500; n += 1, clock.now += 1) waitFor(crowd(n), opensAt);
  for (let n = 1000; n < 1500; n += 1, clock.now += 1) waitFor(origin(n), opensAt);
  expect(storedLength()).toBeLessThan(16_000);
  // one of the block has the first turn; then another block is the next, however many of the first block wait
  clock.now = opensAt;
  expect(waitFor(crowd(0), opensAt)).toBe(0);
  took(crowd(0));
  expect(waitFor(crowd(1), opensAt)).toBeGreaterThan(0);
  expect(waitFor(origin(1000), opensAt)).toBe(0);
  clock.now += IDLE + 1;
  expect(isWanted()).toBe(false);
  expect(waitFor(origin(1), opensAt)).toBe(0);
});
