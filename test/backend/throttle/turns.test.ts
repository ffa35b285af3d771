import { expect, test } from "@jest/globals";
import {
  createTurns,
  FORGET_AFTER_MS,
  MAX_WAIT_MS,
  type SavedTurns,
  type TrySource,
  TURN_GRACE_MS,
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
    source: (n: number): TrySource => ({ network: `network ${n}`, block: `block ${n}` }),
    isWanted: () => restored().isWanted(clock.now),
    waitFor: (source: TrySource, nextTryAt: number) => changed((one) => one.waitFor(source, nextTryAt, clock.now)),
    recordTry: (source: TrySource) => changed((one) => one.recordTry(source, clock.now)),
    uncountTry: (source: TrySource) => changed((one) => one.uncountTry(source)),
    storedLength: () => stored?.length ?? 0,
  };
}

test("while no network waits, any network may try", () => {
  const { waitFor, isWanted, source } = turns();
  expect(waitFor(source(1), start)).toBe(0);
  expect(isWanted()).toBe(false);
});

test("a try that opens goes to the network that has had none, then to the one whose last is the longest ago", () => {
  const { clock, waitFor, recordTry, source } = turns();
  const nextTryAt = start + 10_000;
  for (const n of [1, 2]) {
    recordTry(source(n));
    clock.now += 1000;
  }
  for (const n of [2, 1, 3]) expect(waitFor(source(n), nextTryAt)).toBe(nextTryAt - clock.now);
  clock.now = nextTryAt;
  const order: number[] = [];
  while (order.length < 3) {
    const next = [1, 2, 3].find((n) => !order.includes(n) && waitFor(source(n), nextTryAt) === 0);
    if (next === undefined) throw new Error("nobody may try");
    recordTry(source(next));
    order.push(next);
  }
  expect(order).toEqual([3, 1, 2]);
});

test("S6: networks that keep a place and never come when it is their turn lose it one after another", () => {
  const { clock, waitFor, source } = turns();
  const nextTryAt = start + MAX_WAIT_MS;
  for (let n = 0; n < 16; n += 1) waitFor(source(n), nextTryAt);
  let told = waitFor(source(99), nextTryAt);
  let asked = 0;
  while (told > 0) {
    // the others ask as well, but only while it is not their turn; the first has it from the start
    clock.now += told;
    for (let n = 15; n > asked; n -= 1) waitFor(source(n), clock.now + 1);
    asked += 1;
    told = waitFor(source(99), nextTryAt);
  }
  expect(clock.now - nextTryAt).toBeLessThanOrEqual(16 * TURN_GRACE_MS);
});

test("a network that does not come back in time has no place any more", () => {
  const { clock, waitFor, source } = turns();
  const nextTryAt = start + 5000;
  waitFor(source(1), nextTryAt);
  clock.now = nextTryAt;
  waitFor(source(2), nextTryAt);
  expect(waitFor(source(2), nextTryAt)).toBeGreaterThan(0);
  clock.now = nextTryAt + TURN_GRACE_MS + 1;
  expect(waitFor(source(2), nextTryAt)).toBe(0);
});

test("a right try is no turn that was had", () => {
  const { clock, waitFor, recordTry, uncountTry, source } = turns();
  for (const n of [1, 2]) recordTry(source(n));
  uncountTry(source(2));
  const nextTryAt = start + 1000;
  for (const n of [1, 2]) waitFor(source(n), nextTryAt);
  clock.now = nextTryAt;
  expect([1, 2].map((n) => waitFor(source(n), nextTryAt) === 0)).toEqual([false, true]);
});

test("places and memory are bounded, and one block does not take them all", () => {
  const { clock, waitFor, recordTry, isWanted, source, storedLength } = turns();
  const nextTryAt = start + MAX_WAIT_MS;
  const crowd = (n: number): TrySource => ({ network: `crowd ${n}`, block: "crowd" });
  for (let n = 0; n < 500; n += 1) recordTry(source(n));
  for (let n = 0; n < 500; n += 1, clock.now += 1) waitFor(crowd(n), nextTryAt);
  for (let n = 1000; n < 1500; n += 1, clock.now += 1) waitFor(source(n), nextTryAt);
  expect(storedLength()).toBeLessThan(16_000);
  // one of the block has the first turn; then another block is the next, however many of the first block wait
  clock.now = nextTryAt;
  expect(waitFor(crowd(0), nextTryAt)).toBe(0);
  recordTry(crowd(0));
  expect(waitFor(crowd(1), nextTryAt)).toBeGreaterThan(0);
  expect(waitFor(source(1000), nextTryAt)).toBe(0);
  clock.now += FORGET_AFTER_MS + 1;
  expect(isWanted()).toBe(false);
  expect(waitFor(source(1), nextTryAt)).toBe(0);
});
