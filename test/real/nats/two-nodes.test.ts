import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { announce } from "../../../backend/contract/index.ts";
import { disconnected } from "../../backend/socket-calls.ts";
import { startTestGateway, type TestGateway } from "../../backend/test-gateway.ts";
import { tokenOf } from "../../backend/test-tokens.ts";
import { type NatsServer, nodeEnv, startNats } from "./nats-server.ts";

let nats: NatsServer;
let one: TestGateway;
let two: TestGateway;

beforeAll(async () => {
  nats = await startNats();
  const config = nodeEnv(nats.url);
  one = await startTestGateway({}, { config });
  two = await startTestGateway({}, { config });
  await Promise.all([one.waitForNodes(2), two.waitForNodes(2)]);
});

afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
  await nats.stop();
});

test("the end of a session closes its sockets on every node", async () => {
  const [here, there] = await Promise.all([one.connect(tokenOf("carol")), two.connect(tokenOf("carol"))]);
  const gone = Promise.all([disconnected(here), disconnected(there)]);
  await announce(one.broker, "session.ended", { sid: "s-carol" });
  await gone;
});

test("an action for services only is refused on the other node as well, when a client calls it", async () => {
  const params = { token: tokenOf("alice") };
  const nodeID = one.broker.nodeID;
  await expect(two.broker.call("auth.verifyToken", params, { nodeID })).resolves.toMatchObject({ id: "alice" });
  const outside = two.broker.call("auth.verifyToken", params, { nodeID, headers: { outside: true } });
  await expect(outside).rejects.toMatchObject({ code: 404 });
});
