import { expect, test } from "@jest/globals";
import { createKnownRefusals } from "../../../backend/throttle/known-refusals.ts";

test("N11: a refusal is repeated with the time that is left of it, for as long as it may be", () => {
  let now = 1_000_000;
  const refusals = createKnownRefusals(() => now);
  expect(refusals.waitFor("a")).toBe(0);
  refusals.add("a", 60_000, 1000);
  refusals.add("b", 500);
  now += 400;
  expect([refusals.waitFor("a"), refusals.waitFor("b")]).toEqual([59_600, 100]);
  now += 100;
  expect([refusals.waitFor("a"), refusals.waitFor("b")]).toEqual([59_500, 0]);
  now += 500;
  expect(refusals.waitFor("a")).toBe(0);
  refusals.add("a", 60_000);
  refusals.forget("a");
  expect(refusals.waitFor("a")).toBe(0);
});
