import { expect, test } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../../../backend/broker.ts";
import { rulesOf } from "../../../backend/contract/validation.ts";
import { createLog } from "../../../backend/log.ts";
import { integer } from "../../../backend/surface/grammar.ts";

const admin = { meta: { user: { id: "a", roles: ["user", "moderator", "admin"], sid: "s" } } };
const user = { meta: { user: { id: "u", roles: ["user"], sid: "s" } } };

async function brokerWith(service: object) {
  const log = createLog({ logLevel: "silent" });
  const options = brokerOptions({ nats: undefined, nodeId: undefined }, log);
  const broker = new ServiceBroker({ ...options, cacher: "Memory" });
  broker.createService(service as never);
  await broker.start();
  return broker;
}

test("authorization comes before the cache: an unauthorized caller gets no cached secret (backend-stack 1.2)", async () => {
  const broker = await brokerWith({
    name: "vault",
    actions: { read: { auth: "required", roles: ["admin"], cache: true, handler: () => "secret" } },
  });
  await expect(broker.call("vault.read", {}, admin)).resolves.toBe("secret");
  await expect(broker.call("vault.read", {}, admin)).resolves.toBe("secret");
  await expect(broker.call("vault.read", {})).rejects.toMatchObject({ code: 401 });
  await expect(broker.call("vault.read", {}, user)).rejects.toMatchObject({ code: 403 });
  await broker.stop();
});

test("authorization comes before validation: an unauthorized caller learns nothing about parameters", async () => {
  const broker = await brokerWith({
    name: "form",
    actions: {
      fill: {
        auth: "required",
        roles: ["admin"],
        params: rulesOf({ size: integer({ min: 0, max: 9 }) }),
        handler: () => true,
      },
    },
  });
  await expect(broker.call("form.fill", { size: "x" })).rejects.toMatchObject({ code: 401 });
  await expect(broker.call("form.fill", { size: "x" }, user)).rejects.toMatchObject({ code: 403 });
  await expect(broker.call("form.fill", { size: "x" }, admin)).rejects.toMatchObject({ code: 422 });
  await broker.stop();
});

test("a refusal is always a rejection, never a synchronous throw out of broker.call (moleculer core)", async () => {
  const broker = await brokerWith({
    name: "door",
    actions: { open: { auth: "required", handler: () => true }, inner: { auth: "service", handler: () => true } },
  });
  const pending = [broker.call("door.open", {}), broker.call("door.inner", {}, { headers: { outside: true } })];
  for (const [index, result] of (await Promise.allSettled(pending)).entries()) {
    expect(result).toMatchObject({ status: "rejected", reason: { code: [401, 404][index] } });
  }
  await broker.stop();
});
