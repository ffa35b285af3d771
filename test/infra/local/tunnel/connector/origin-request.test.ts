import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "@jest/globals";
import { type OriginResponse, overHttp1 } from "../../../../../infra/local/tunnel/connector/origin-request.ts";

test("of an origin's trailers, those that HTTP/2 forbids are not passed on", async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { trailer: "x-sum" });
    response.write("body");
    const forbidden = {
      Connection: "close",
      "Keep-Alive": "1",
      TE: "gzip",
      "Transfer-Encoding": "chunked",
      Upgrade: "x",
    };
    response.addTrailers({ ...forbidden, "X-Sum": "42", "Cf-Cloudflared-X": "1" });
    response.end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const sent = request({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  const { status, body, trailers } = await new Promise<OriginResponse>((resolve, reject) => {
    overHttp1(sent).listen({ response: resolve, error: reject, upgrade: () => reject(new Error("upgraded")) });
    sent.end();
  });
  await once(body.resume(), "end");
  server.close();
  expect([status, trailers?.()]).toEqual([200, { "x-sum": "42" }]);
});
