import { expect, test } from "@jest/globals";
import { AUDIT_KEPT } from "../../../backend/domain/audit.ts";
import { ENDED_KEPT, SESSION_MAX } from "../../../backend/domain/session.ts";
import { housekeepingService } from "../../../backend/services/housekeeping.service.ts";
import { startServices } from "./start-services.ts";

test("sessions that cannot live and records past their time are dropped, the others stay", async () => {
  const running = await startServices();
  const { store, clock, broker } = running;
  const old = await running.register("Old");
  clock.now += SESSION_MAX - 1000;
  const young = await running.register("Young");
  const over = await running.register("Over");
  await store.sessions.end(over.identity.sid, "ended", clock.now);
  clock.now += ENDED_KEPT;
  clock.now += 2000;
  const again = async () => {
    await broker.destroyService("housekeeping");
    broker.createService(housekeepingService({ store, clock: () => clock.now }));
    await broker.waitForServices("housekeeping");
  };
  await again();
  expect(await store.sessions.find(old.identity.sid)).toBeUndefined();
  expect(await store.sessions.find(over.identity.sid)).toBeUndefined();
  expect(await store.sessions.find(young.identity.sid)).toBeDefined();
  expect(await store.audit.list(10)).toHaveLength(3);
  clock.now += AUDIT_KEPT - SESSION_MAX;
  await again();
  expect(await store.audit.list(10)).toHaveLength(2);
  await running.stop();
});
