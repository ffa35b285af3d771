import { expect, test } from "@jest/globals";
import { authHousekeeping } from "../../backend/auth/housekeeping.ts";
import { ENDED_RETENTION_MS, SESSION_MAX_MS } from "../../backend/auth/session.ts";
import { type HousekeepingTask, housekeepingService } from "../../backend/housekeeping.service.ts";
import { AUDIT_RETENTION_MS } from "../../backend/users/audit.ts";
import { usersHousekeeping } from "../../backend/users/housekeeping.ts";
import { type Running, startServices } from "./start-services.ts";

/** The tasks of the kit's features. */
function tasksOf({ store, clock }: Running): readonly HousekeepingTask[] {
  const now = () => clock.now;
  return [...authHousekeeping(store, now), ...usersHousekeeping(store, now)];
}

test("sessions that cannot live and records past their time are dropped, the others stay", async () => {
  const running = await startServices();
  const { store, clock, broker } = running;
  const old = await running.register("Old");
  clock.now += SESSION_MAX_MS - 1000;
  const young = await running.register("Young");
  const over = await running.register("Over");
  await store.sessions.end(over.identity.sid, "ended", clock.now);
  clock.now += ENDED_RETENTION_MS;
  clock.now += 2000;
  const again = async () => {
    await broker.destroyService("housekeeping");
    broker.createService(housekeepingService(tasksOf(running)));
    await broker.waitForServices("housekeeping");
  };
  await again();
  expect(await store.sessions.find(old.identity.sid)).toBeUndefined();
  expect(await store.sessions.find(over.identity.sid)).toBeUndefined();
  expect(await store.sessions.find(young.identity.sid)).toBeDefined();
  expect(await store.audit.list(10)).toHaveLength(3);
  clock.now += AUDIT_RETENTION_MS - SESSION_MAX_MS;
  await again();
  expect(await store.audit.list(10)).toHaveLength(2);
  await running.stop();
});

/** A task whose rounds end when the test says so. */
function heldTask(isAwaited: boolean) {
  const rounds: { readonly signal: AbortSignal; readonly end: (error?: Error) => void }[] = [];
  const task: HousekeepingTask = {
    intervalMs: 1,
    isAwaited,
    run: (signal) =>
      new Promise((resolve, reject) => {
        rounds.push({ signal, end: (error) => (error ? reject(error) : resolve()) });
      }),
  };
  return { task, rounds };
}

test("D4: housekeeping runs the tasks that each feature gives, one round of each at a time, and ends after the round", async () => {
  const running = await startServices();
  const { broker } = running;
  await broker.destroyService("housekeeping");
  const [first, beside] = [heldTask(true), heldTask(false)];
  const service = broker.createService(housekeepingService([first.task, beside.task]));
  while (first.rounds.length === 0) await new Promise(setImmediate);
  expect(beside.rounds).toHaveLength(0);
  first.rounds[0]?.end();
  while (beside.rounds.length === 0) await new Promise(setImmediate);
  // the intervals pass while the round runs
  while (first.rounds.length < 2) await new Promise(setImmediate);
  expect(beside.rounds).toHaveLength(1);
  beside.rounds[0]?.end(new Error("a round that fails does not end the others"));
  while (beside.rounds.length < 2) await new Promise(setImmediate);
  let isStopped = false;
  const stopped = broker.destroyService(service).then(() => {
    isStopped = true;
  });
  while (!beside.rounds[1]?.signal.aborted) await new Promise(setImmediate);
  expect(isStopped).toBe(false);
  for (const { end } of [...first.rounds, ...beside.rounds]) end();
  await stopped;
  await running.stop();
});
