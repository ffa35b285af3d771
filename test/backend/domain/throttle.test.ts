import { expect, test } from "@jest/globals";
import { createThrottle } from "../../../backend/domain/throttle.ts";

const rule = { free: 3, first: 1000, longest: 60_000 };

function throttle() {
  const clock = { now: 1_000_000 };
  return { clock, counted: createThrottle(rule, () => clock.now) };
}

test("some failures are free, then the wait doubles up to a limit", () => {
  const { clock, counted } = throttle();
  const waits: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    counted.failed("a");
    waits.push(counted.waitFor("a"));
    clock.now += counted.waitFor("a");
  }
  expect(waits).toEqual([0, 0, 0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(counted.waitFor("b")).toBe(0);
});

test("a key is forgotten when nothing has failed for long enough, and at once when told so", () => {
  const { clock, counted } = throttle();
  for (let n = 0; n < 6; n += 1) counted.failed("a");
  expect(counted.waitFor("a")).toBe(4000);
  clock.now += 2 * rule.longest + 1;
  counted.failed("a");
  expect(counted.waitFor("a")).toBe(0);
  for (let n = 0; n < 6; n += 1) counted.failed("b");
  counted.clear("b");
  expect(counted.waitFor("b")).toBe(0);
});

test("a failure that was none is taken back", () => {
  const { counted } = throttle();
  for (let n = 0; n < 3; n += 1) counted.failed("a");
  counted.failed("a");
  counted.undo("a");
  expect(counted.waitFor("a")).toBe(0);
  counted.failed("a");
  expect(counted.waitFor("a")).toBe(1000);
});

test("memory is bounded however many keys fail", () => {
  const { counted } = throttle();
  for (let n = 0; n < 4; n += 1) counted.failed("first");
  for (let n = 0; n < 50_000; n += 1) counted.failed(`k${n}`);
  expect(counted.waitFor("first")).toBe(0);
});
