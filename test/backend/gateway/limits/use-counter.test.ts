import { expect, test } from "@jest/globals";
import { MAX_KEYS, UseCounter } from "../../../../backend/gateway/limits/use-counter.ts";

test("H6: a key has its uses within so many seconds of the first one, and all of them again afterwards", () => {
  let now = 5;
  const counter = new UseCounter({ requests: 2, seconds: 10 }, () => now);
  const taken = () => [counter.take("ada"), counter.take("ada"), counter.take("ada")];
  expect(taken()).toEqual([undefined, undefined, 10]);
  expect(counter.take("bob")).toBeUndefined();
  now += 9_500;
  expect(counter.take("ada")).toBe(1); // never less than a second
  now += 499;
  expect(counter.take("ada")).toBe(1);
  now += 1;
  expect(taken()).toEqual([undefined, undefined, 10]);
});

test("H6: keys are forgotten when their time is over, the oldest also before it when there are too many", () => {
  let now = 0;
  const counter = new UseCounter({ requests: 1, seconds: 10 }, () => now);
  for (let n = 0; n < 100; n += 1) counter.take(`key-${n}`);
  now += 10_000;
  counter.take("later");
  expect(counter.size).toBe(1);
  for (let n = 0; n < MAX_KEYS; n += 1) counter.take(`flood-${n}`);
  expect(counter.size).toBe(MAX_KEYS);
  expect(counter.take("flood-1")).toBe(10);
  expect(counter.take("later")).toBeUndefined();
});
