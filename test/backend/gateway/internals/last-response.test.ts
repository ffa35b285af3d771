import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect, test } from "@jest/globals";
import { afterLastResponse } from "../../../../backend/gateway/internals/last-response.ts";
import { NODE_MAJOR } from "../../installed.ts";

test("H6: node:http of Node.js 26 calls `destroySoon` of the connection when the last response is written", async () => {
  expect(NODE_MAJOR).toBe(26);
  const closed = Promise.withResolvers<boolean>();
  const server = createServer((request, response) => {
    const { socket } = request;
    afterLastResponse(socket, () => {
      closed.resolve(response.writableFinished);
      socket.destroy();
    });
    response.writeHead(200, { connection: "close" }).end("last");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => undefined);
  client.resume().write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  expect(await closed.promise).toBe(true);
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
});
