import { afterEach, expect, test } from "@jest/globals";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { headOf, openConnection } from "../streams/stream-gateway.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

test("N2: a request whose session ends while its body is on its way runs no action", async () => {
  let runs = 0;
  gateway = await startTestGateway({
    "users.update": () => {
      runs += 1;
      return {} as never;
    },
  });
  const body = '{"name":"Ann"}';
  const connection = openConnection(gateway.port);
  const head = { "content-type": "application/json", "content-length": body.length };
  connection.socket.write(headOf("PATCH", "/api/users/me", head) + body.slice(0, 5));
  while (gateway.gateway.caps.find(({ cap }) => cap === "request_bodies")?.used !== 1)
    await new Promise((resolve) => setImmediate(resolve));
  await gateway.broker.broadcastLocal("session.ended", { sid: "s-ann" });
  connection.socket.write(body.slice(5));
  expect(await connection.until((text) => text.includes("}}"))).toMatch(/^HTTP\/1.1 401 /);
  expect(runs).toBe(0);
  connection.socket.destroy();
});
