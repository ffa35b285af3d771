import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { io } from "socket.io-client";
import { FollowedCopy } from "./followed-copy.ts";
import { followStep, readSteps } from "./steps.ts";

let copy: FollowedCopy;
beforeAll(() => {
  copy = new FollowedCopy();
});
afterAll(() => copy.remove());

test("D4: the README's words add a feature: table, endpoints, event, refusal, description, edge", async () => {
  const todo = readSteps("Add a feature");
  expect(todo.map(({ file }) => file)).toEqual([
    ...["surface", "migrations", "store", "todos.service", "index"].map((name) => `backend/todos/${name}.ts`),
    "backend/features.ts",
  ]);
  for (const step of todo) followStep(copy.root, step);
  await copy.checkTypes(["backend"]);

  const { url, policy, stop } = await copy.startBackend();
  const ask = async (method: string, path: string, body?: object, token?: string) => {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return { status: response.status, json: JSON.parse(await response.text()) };
  };
  const person = { email: "ada@example.org", password: "correct horse battery", name: "Ada" };
  const { json } = await ask("POST", "/api/auth/register", person);
  const token: string = json.accessToken;

  const socket = io(url, { transports: ["websocket"], auth: { token } });
  const told = new Promise((received) => socket.once("todoAdded", received));
  await new Promise((connected) => socket.once("connect", () => connected(undefined)));
  const added = await ask("POST", "/api/todos", { text: "Water the plants" }, token);
  expect(added).toEqual({ status: 200, json: { id: expect.any(String), text: "Water the plants" } });
  expect(await told).toEqual(added.json);
  socket.close();
  expect(await ask("GET", "/api/todos", undefined, token)).toEqual({ status: 200, json: { todos: [added.json] } });
  expect(await ask("POST", "/api/todos", { text: "Water the plants" }, token)).toMatchObject({
    status: 409,
    json: { error: { code: "TODO_EXISTS", message: "You have this todo already.", field: "text" } },
  });
  expect((await ask("GET", "/api/todos")).status).toBe(401);
  expect((await ask("POST", "/api/todos", { text: "" }, token)).json.error.code).toBe("VALIDATION");

  const { paths, ...document } = (await ask("GET", "/api/openapi.json")).json;
  expect(paths["/api/todos"].post.operationId).toBe("todos.add");
  expect(Object.keys(paths["/api/todos"].post.responses)).toContain("409");
  expect(Object.keys(document["x-socket"].events)).toContain("todoAdded");
  const guard = policy.flatMap(({ rules }) => rules).find(({ ref }) => ref === "not_in_surface");
  expect(guard?.expression).toContain('"/api/todos"');
  expect(await stop()).toBe(0);
});
