import { expect, test } from "@jest/globals";
import { createTurns, GRACE, MAX_WAIT } from "../../../backend/domain/turns.ts";

const start = 1_790_000_000_000;

function turns() {
  const clock = { now: start };
  const made = createTurns(() => clock.now);
  const origin = (n: number) => ({ network: `network ${n}`, block: `block ${n}` });
  return { clock, made, origin };
}

test("while no network waits, whoever comes may try", () => {
  const { made, origin } = turns();
  expect(made.waitFor("ada", origin(1), start)).toBe(0);
  expect(made.isWanted("ada")).toBe(false);
});

test("a try that opens goes to the network that has had none, then to the one whose last is the longest ago", () => {
  const { clock, made, origin } = turns();
  const opensAt = start + 10_000;
  for (const n of [1, 2]) {
    made.took("ada", origin(n));
    clock.now += 1000;
  }
  for (const n of [2, 1, 3]) expect(made.waitFor("ada", origin(n), opensAt)).toBe(opensAt - clock.now);
  clock.now = opensAt;
  const order: number[] = [];
  while (order.length < 3) {
    const next = [1, 2, 3].find((n) => !order.includes(n) && made.waitFor("ada", origin(n), opensAt) === 0);
    if (next === undefined) throw new Error("nobody may try");
    made.took("ada", origin(next));
    order.push(next);
  }
  expect(order).toEqual([3, 1, 2]);
});

test("S6: networks that keep a place and never come when it is their turn lose it one after another", () => {
  const { clock, made, origin } = turns();
  const opensAt = start + MAX_WAIT;
  for (let n = 0; n < 16; n += 1) made.waitFor("ada", origin(n), opensAt);
  let told = made.waitFor("ada", origin(99), opensAt);
  let asked = 0;
  while (told > 0) {
    // the others ask as well, but only while it is not their turn; the first has it from the start
    clock.now += told;
    for (let n = 15; n > asked; n -= 1) made.waitFor("ada", origin(n), clock.now + 1);
    asked += 1;
    told = made.waitFor("ada", origin(99), opensAt);
  }
  expect(clock.now - opensAt).toBeLessThanOrEqual(16 * GRACE);
});

test("a network that does not come back in time has no place any more", () => {
  const { clock, made, origin } = turns();
  const opensAt = start + 5000;
  made.waitFor("ada", origin(1), opensAt);
  clock.now = opensAt;
  made.waitFor("ada", origin(2), opensAt);
  expect(made.waitFor("ada", origin(2), opensAt)).toBeGreaterThan(0);
  clock.now = opensAt + GRACE + 1;
  expect(made.waitFor("ada", origin(2), opensAt)).toBe(0);
});

test("a right try is no turn that was had", () => {
  const { clock, made, origin } = turns();
  for (const n of [1, 2]) made.took("ada", origin(n));
  made.forgive("ada", origin(2));
  const opensAt = start + 1000;
  for (const n of [1, 2]) made.waitFor("ada", origin(n), opensAt);
  clock.now = opensAt;
  expect([1, 2].map((n) => made.waitFor("ada", origin(n), opensAt) === 0)).toEqual([false, true]);
});

test("places and memory are bounded, and one block does not take them all", () => {
  const { clock, made, origin } = turns();
  const opensAt = start + MAX_WAIT;
  for (let n = 0; n < 5000; n += 1) made.waitFor("ada", { network: `crowd ${n}`, block: "crowd" }, opensAt);
  for (let n = 0; n < 50; n += 1) made.waitFor("ada", origin(n), opensAt);
  for (let n = 0; n < 30_000; n += 1) made.waitFor(`account ${n}`, origin(1), opensAt);
  // the first account is forgotten: whoever comes may try
  expect(made.isWanted("ada")).toBe(false);
  clock.now = opensAt;
  expect(made.waitFor("ada", origin(1), opensAt)).toBe(0);
});
