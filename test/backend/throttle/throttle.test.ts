import { expect, test } from "@jest/globals";
import {
  createThrottle,
  type ThrottleState,
  waitFor,
  withFailure,
  withoutFailure,
  withUse,
} from "../../../backend/throttle/throttle.ts";
import { MAX_KEYS, memoryThrottles } from "../../../backend/throttle/throttle-memory.ts";

const rule = { freeTries: 3, firstWaitMs: 1000, maxWaitMs: 60_000 };
const start = 1_000_000;

/** The state after so many failures at one time. */
function failures(count: number, now = start): ThrottleState | undefined {
  let state: ThrottleState | undefined;
  for (let n = 0; n < count; n += 1) state = withFailure(state, rule, now);
  return state;
}

test("some failures are free, then the wait doubles up to a limit", () => {
  let state: ThrottleState | undefined;
  let now = start;
  const waits: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    state = withFailure(state, rule, now);
    const wait = waitFor(state, rule, now);
    waits.push(wait);
    now += wait;
  }
  expect(waits).toEqual([0, 0, 0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(waitFor(undefined, rule, now)).toBe(0);
});

test("failures are forgotten when nothing has failed for long enough", () => {
  const state = failures(6);
  expect(waitFor(state, rule, start)).toBe(4000);
  const memory = 2 * rule.maxWaitMs;
  expect(withFailure(state, rule, start + memory).count).toBe(7);
  expect(state?.expiresAt).toBe(start + memory);
  expect(withFailure(state, rule, start + memory + 1).count).toBe(1);
});

test("a failure that was none is taken back", () => {
  const state = withoutFailure(failures(4), rule, start);
  expect(waitFor(state, rule, start)).toBe(0);
  expect(waitFor(withFailure(state, rule, start), rule, start)).toBe(1000);
  expect(withoutFailure(failures(1), rule, start)).toBeUndefined();
});

test("uses within a window are counted up to their number, and anew after its end", () => {
  const limit = { requests: 2, seconds: 10 };
  const first = withUse(undefined, limit, start);
  const second = withUse(first, limit, start + 9_999);
  expect([first?.count, second?.count]).toEqual([1, 2]);
  expect(withUse(second, limit, start + 9_999)).toBeUndefined();
  expect(second?.until).toBe(start + 10_000);
  expect(withUse(second, limit, start + 10_000)).toMatchObject({ count: 1, until: start + 20_000 });
});

test("a try that has to wait is not counted, and keys and kinds are counted apart", async () => {
  const throttles = memoryThrottles();
  let now = start;
  const throttle = createThrottle(throttles, "one", rule, () => now);
  const waits: number[] = [];
  for (let n = 0; n < 6; n += 1) waits.push(await throttle.countTry("a"));
  expect(waits).toEqual([0, 0, 0, 0, 1000, 1000]);
  expect(await throttle.countTry("b")).toBe(0);
  expect(await createThrottle(throttles, "other", rule, () => now).countTry("a")).toBe(0);
  now += 1000;
  expect([await throttle.countTry("a"), await throttle.countTry("a")]).toEqual([0, 2000]);
});

test("N11: memory is bounded however many keys fail, and the key with the most failures is not forgotten for those", async () => {
  const throttles = memoryThrottles();
  const now = start;
  const throttle = createThrottle(throttles, "one", rule, () => now);
  for (let n = 0; n < 4; n += 1) await throttle.countTry("first");
  await throttle.countTry("second");
  for (let n = 0; n < MAX_KEYS; n += 1) await throttle.countTry(`k${n}`);
  const counts = (key: string) => throttles.change([], (states) => states.get(throttles.keyOf("one", key))?.count);
  expect([await counts("first"), await counts("second"), await counts("k0")]).toEqual([4, undefined, undefined]);
  expect(await counts("k5")).toBe(1);
  await throttles.prune(start + 2 * rule.maxWaitMs + 1);
  expect(await counts("first")).toBeUndefined();
});
