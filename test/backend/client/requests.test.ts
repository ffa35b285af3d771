import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { RequestError, requestJson } from "../../../backend/client/requests.ts";

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

async function against(listener: RequestListener): Promise<RequestError> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/auth/login`;
  const error = await requestJson({ method: "POST", url, body: {} }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RequestError);
  return error as RequestError;
}

test("a refusal of the server has its message and its field", async () => {
  const error = await against((_, response) => {
    response.writeHead(422, { "content-type": "application/json" });
    response.end('{"error":{"code":"PASSWORD_SHORT","message":"Too short.","field":"password"}}');
  });
  expect(error).toMatchObject({ code: "PASSWORD_SHORT", status: 422, message: "Too short.", field: "password" });
});

test.each([
  ["7", "Too many attempts. Try again in 7 seconds.", 7],
  ["1", "Too many attempts. Try again in 1 second.", 1],
  [undefined, "Too many attempts. Wait a little and try again.", undefined],
])("429 with Retry-After %s says how long to wait, whoever answers it", async (header, message, retryAfter) => {
  const error = await against((_, response) => {
    response.writeHead(429, { "content-type": "text/html", ...(header && { "retry-after": header }) });
    response.end("<!doctype html><title>Error 1015</title>");
  });
  expect(error).toMatchObject({ code: "EDGE", status: 429, message, retryAfter });
});

test.each([
  [403, "This request was blocked before it reached the server (Ray ID 8f1-HAM)."],
  [530, "The server is not available at the moment (error 530) (Ray ID 8f1-HAM). Try again in a minute."],
  [200, "The response could not be understood (200) (Ray ID 8f1-HAM)."],
])("an answer of the edge in HTML (%i) becomes a sentence", async (status, message) => {
  const error = await against((_, response) => {
    response.writeHead(status, { "content-type": "text/html; charset=UTF-8", "cf-ray": "8f1-HAM" });
    response.end("<html>Attention Required! | Cloudflare</html>");
  });
  expect(error).toMatchObject({ code: "EDGE", status, message });
});

test.each<[string, RequestListener]>([
  ["a cut connection", (request) => request.socket.destroy()],
  [
    "an answer that breaks off",
    (request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write('{"a":');
      setImmediate(() => request.socket.destroy());
    },
  ],
])("%s counts as offline", async (_, listener) => {
  expect(await against(listener)).toMatchObject({ code: "OFFLINE", status: 0 });
});

test.each(["null", "[]", '"text"', '{"error":null}', '{"error":{"code":5,"message":{}}}'])(
  "a refusal of an unknown shape (%s) is still a sentence",
  async (body) => {
    const error = await against((_, response) => {
      response.writeHead(500, { "content-type": "application/json" });
      response.end(body);
    });
    expect(error).toMatchObject({ code: "EDGE", status: 500 });
  },
);
