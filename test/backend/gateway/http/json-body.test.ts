import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { readJsonBody } from "../../../../backend/gateway/http/json-body.ts";

const server = createServer();
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test("a body whose client has gone before it is read is refused, and gives its place back", async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const arrived = once(server, "request") as Promise<[IncomingMessage]>;
  client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{"a":');
  const [request] = await arrived;
  request.on("error", () => undefined);
  // not `once`, which rejects: the request ends with an error
  const gone = new Promise((resolve) => request.once("close", resolve));
  client.destroy();
  await gone;
  let held = 0;
  const hold = () => {
    held += 1;
    return () => {
      held -= 1;
    };
  };
  await expect(readJsonBody(request, 100, hold)).rejects.toMatchObject({ type: "TIMEOUT" });
  expect(held).toBe(0);
});
