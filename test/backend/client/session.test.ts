import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { io, type Socket } from "socket.io-client";
import type { ClientOptions, Fetch } from "../../../backend/client/index.ts";
import { BACKOFF } from "../../../backend/client/requests.ts";
import { ClientSession } from "../../../backend/client/session.ts";
import { startTestBackend, type TestBackend } from "../test-backend.ts";
import { TestClient } from "./test-client.ts";

const PASSWORD = "correct horse battery";
let server: Server | undefined;
let backend: TestBackend | undefined;
let client: TestClient | undefined;
afterEach(async () => {
  client?.close();
  server?.close();
  server?.closeAllConnections();
  await backend?.stop();
  client = server = backend = undefined;
});

/** A session whose requests a server gets that responds with this body; `received` has the last request. */
async function recorded(contentType: string, responseBody: string | Uint8Array) {
  const requests: string[] = [];
  server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString("latin1");
    requests.push(`${request.method} ${request.url} ${body}`.trim(), String(request.headers["content-type"]));
    response.writeHead(200, { "content-type": contentType }).end(responseBody);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = new ClientSession({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    renewBeforeMs: 0,
    backoff: BACKOFF,
    onToken: () => undefined,
    onEnded: () => undefined,
  });
  return { session, requests };
}

/** Makes a request to an endpoint of a feature that the types do not have, and returns what the server receives. */
async function sent(endpoint: string, params: object): Promise<string | undefined> {
  const { session, requests } = await recorded("application/json", "{}");
  await session.request(endpoint as "GET /api/users/me", params);
  return requests[0];
}

test.each<[endpoint: string, params: object, received: string]>([
  ["GET /api/todos/:id", { id: "a/b ?#%2F", done: true }, "GET /api/todos/a%2Fb%20%3F%23%252F?done=true"],
  ["DELETE /api/todos/:id", { id: "7", force: true }, "DELETE /api/todos/7?force=true"],
  ["DELETE /api/todos/:id", { id: "漢" }, "DELETE /api/todos/%E6%BC%A2"],
  ["PUT /api/lists/:list/todos/:id", { list: "l", id: 7, text: "x" }, 'PUT /api/lists/l/todos/7 {"text":"x"}'],
  ["POST /api/todos", { text: "x" }, 'POST /api/todos {"text":"x"}'],
])("%s with %j is %s", async (endpoint, params, received) => {
  expect(await sent(endpoint, params)).toBe(received);
});

test.each([{ id: ".." }, { id: "" }, {}, { id: "\ud800" }])(
  "a path that %j cannot fill is not requested",
  async (params) => {
    await expect(sent("GET /api/todos/:id", params)).rejects.toThrow(TypeError);
  },
);

test("a picture is sent as the bytes that it has", async () => {
  const { session, requests } = await recorded("application/json", '{"picture":"hash"}');
  expect(await session.setPicture(new Uint8Array([0, 255, 128]))).toBe("hash");
  expect(requests).toEqual(["PUT /api/users/me/picture \u0000\u00ff\u0080", "application/octet-stream"]);
});

test("a picture is read as bytes with their type, and anything else is no picture", async () => {
  const { session, requests } = await recorded("image/webp", new Uint8Array([1, 2, 3]));
  const picture = await session.picture("ada", "hash");
  expect([picture.type, new Uint8Array(await picture.arrayBuffer())]).toEqual([
    "image/webp",
    new Uint8Array([1, 2, 3]),
  ]);
  expect(requests[0]).toBe("GET /api/users/ada/picture/hash");
  server?.close();
  const other = await recorded("text/html", "<script>alert(1)</script>");
  await expect(other.session.picture("ada", "hash")).rejects.toMatchObject({ code: "EDGE", status: 200 });
});

/** A signed-in client, and what it asks for over HTTP; `respond` may hold a response back. */
async function signedIn(respond: (path: string, asked: readonly string[]) => Promise<void>) {
  backend = await startTestBackend();
  const asked: string[] = [];
  let socket: Socket | undefined;
  const request: Fetch = async (url, init) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    const response = await fetch(url, init);
    await respond(pathname, asked);
    return response;
  };
  const { url } = backend;
  const options: Partial<ClientOptions> = {
    fetch: request,
    connect: (how) => {
      socket = io(url, how);
      return socket;
    },
  };
  client = new TestClient(url, options);
  await client.register({ email: "ada@example.org", password: PASSWORD, name: "Ada" });
  await client.online();
  return { client, asked, url, socket: () => socket };
}

/** Does what a client without a session does: two attempts to connect, which the server refuses. */
async function refusedTwice(url: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const socket = io(url, { path: "/socket.io/", transports: ["websocket"], forceNew: true, reconnection: false });
    await new Promise((resolve) => socket.once("connect_error", resolve));
    socket.disconnect();
  }
}

test.each(["removeAccount", "logout"] as const)(
  "a client asks for no token while %s ends its session, and its socket is closed before the response",
  async (method) => {
    const at = method === "logout" ? "/api/auth/logout" : "/api/auth/delete";
    const ada = await signedIn(async (path) => {
      if (path !== at) return;
      await ada.client.until(() => ada.client.state === "reconnecting");
      await refusedTwice(ada.url);
    });
    await ada.client[method](PASSWORD);
    expect(ada.asked).toEqual(["/api/auth/register", at]);
    expect([ada.client.state, ada.client.signedOut]).toEqual(["signedOut", 0]);
  },
);

test("a removal that the server refuses leaves the session as it is, and the connection comes back", async () => {
  const ada = await signedIn(async (path) => {
    if (path !== "/api/auth/delete") return;
    ada.socket()?.io.engine.close();
    await ada.client.until(() => ada.client.state === "reconnecting");
  });
  await expect(ada.client.removeAccount("wrong horse")).rejects.toMatchObject({ code: "PASSWORD_WRONG" });
  expect(ada.client.user?.name).toBe("Ada");
  await ada.client.online();
});
