import { expect, test } from "@jest/globals";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import Web from "moleculer-web";
import { withoutAutoAliases } from "../../../../backend/gateway/internals/moleculer-web.ts";
import { installedVersion } from "../../installed.ts";

test("H6: moleculer-web 0.11 makes automatic aliases in `regenerateAllAutoAliases`", async () => {
  expect(installedVersion("moleculer-web")).toBe("0.11.0");
  const broker = new ServiceBroker({ logger: false });
  const service = broker.createService({
    mixins: [Web],
    name: "gateway",
    settings: {
      server: false,
      routes: [{ path: "/", mappingPolicy: "restrict", aliases: { "GET /a/:b": "c.d" }, bodyParsers: false }],
    },
  } as unknown as ServiceSchema);
  const members = service as unknown as { regenerateAllAutoAliases: unknown };
  expect(typeof members.regenerateAllAutoAliases).toBe("function");
  let calls = 0;
  members.regenerateAllAutoAliases = () => {
    calls += 1;
  };
  await broker.start();
  await broker.broadcastLocal("$services.changed", {});
  expect(calls).toBeGreaterThan(0);
  const counted = calls;
  withoutAutoAliases(service);
  await broker.broadcastLocal("$services.changed", {});
  expect(calls).toBe(counted);
  await broker.stop();
});
