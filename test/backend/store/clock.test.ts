import { expect, test } from "@jest/globals";
import { databaseClock } from "../../../backend/store/clock.ts";

/** A database and a machine whose clocks are set by hand; a query takes 40 ms, and its answer 30 of them. */
function machines() {
  const state = { monotonic: 5_000, database: 1_790_000_000_000, machine: 1_790_000_000_000 };
  const pass = (milliseconds: number) => {
    for (const name of ["monotonic", "database", "machine"] as const) state[name] += milliseconds;
  };
  const read = async () => {
    pass(10);
    const time = state.database;
    pass(30);
    return time;
  };
  return { state, pass, read, local: { monotonic: () => state.monotonic, machine: () => state.machine } };
}

test("N2: time is the database's, within half of what a query takes, whatever the machine's clock says", async () => {
  const { state, pass, read, local } = machines();
  state.machine += 30_000;
  const clock = await databaseClock(read, local);
  expect(Math.abs(clock.now() - state.database)).toBeLessThanOrEqual(21);
  pass(10_000);
  state.machine -= 3_600_000;
  expect(Math.abs(clock.now() - state.database)).toBeLessThanOrEqual(21);
});

test("N2: the offset of the machine's clock is what is certain of it", async () => {
  const { state, read, local } = machines();
  const clock = await databaseClock(read, local);
  expect(clock.offset()).toBe(0);
  state.machine += 30_000;
  expect(clock.offset()).toBeGreaterThan(29_900);
  expect(clock.offset()).toBeLessThanOrEqual(30_000);
  state.machine -= 60_000;
  expect(clock.offset()).toBeLessThan(-29_900);
  expect(clock.offset()).toBeGreaterThanOrEqual(-30_000);
});

test("N2: measurements get better, and a slow one does no harm", async () => {
  const { state, pass, local } = machines();
  const read = async (before: number, after: number) => {
    pass(before);
    const time = state.database;
    pass(after);
    return time;
  };
  let next = () => read(0, 2_000);
  const clock = await databaseClock(() => next(), local);
  expect(Math.abs(clock.now() - state.database)).toBeGreaterThan(900);
  next = () => read(1, 1);
  await clock.measure();
  expect(Math.abs(clock.now() - state.database)).toBeLessThanOrEqual(2);
  next = () => read(3_000, 0);
  await clock.measure();
  expect(Math.abs(clock.now() - state.database)).toBeLessThanOrEqual(6); // what three seconds may drift is added
});

test("N2: a database whose clock was set, or a machine that slept, is noticed with the next measurement", async () => {
  const { state, read, local } = machines();
  const clock = await databaseClock(read, local);
  for (const step of [30_000, -600_000]) {
    state.database += step;
    await clock.measure();
    expect(Math.abs(clock.now() - state.database)).toBeLessThanOrEqual(21);
  }
});

test("N2: while the database is away, the last measurement counts on", async () => {
  const { state, pass, read, local } = machines();
  let isAway = false;
  const clock = await databaseClock(() => (isAway ? Promise.reject(new Error("away")) : read()), local);
  isAway = true;
  pass(60_000);
  await expect(clock.measure()).rejects.toThrow("away");
  expect(Math.abs(clock.now() - state.database)).toBeLessThanOrEqual(21);
});
