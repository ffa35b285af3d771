import { once } from "node:events";
import { Agent, createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "@jest/globals";
import { TURN_LIMITS } from "../../../../infra/local/edge/limits.ts";
import { RequestTurns } from "../../../../infra/local/edge/request-turns.ts";

test("a connection that carries many requests gathers no listeners and is not busy between them", async () => {
  const turns = new RequestTurns(TURN_LIMITS);
  const listeners: number[] = [];
  let idle = 0;
  const server = createServer((request, response) => {
    if (!turns.isBusy(request.socket)) idle += 1;
    turns.take(request, response, () => response.end("x"));
    listeners.push(request.socket.listenerCount("close"));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let index = 0; index < 20; index += 1) {
    const [response] = await once(get({ port, host: "127.0.0.1", agent }), "response");
    await once(response.resume(), "close");
  }
  agent.destroy();
  await new Promise((done) => server.close(done));
  expect(idle).toBe(20);
  expect(new Set(listeners.slice(1)).size).toBe(1);
});
