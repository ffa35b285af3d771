import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { io } from "socket.io-client";
import { followStep, readSteps } from "./steps.ts";

/** What has to be there so that the backend starts and the edge's rules are derived. */
const PARTS = [
  ...["backend", "infra/policy", "infra/rules", "test/infra/policy/site.ts"],
  ...["test/slow/readme/added-feature.ts", "package.json", "tsconfig.json"],
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-readme-"));
  for (const part of PARTS) cpSync(part, join(folder, part), { recursive: true });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("D4: the README's words add a feature: table, endpoints, event, refusal, description, edge", async () => {
  const todo = readSteps("Add a feature");
  expect(todo.map(({ file }) => file)).toEqual([
    ...["surface", "migrations", "store", "todos.service", "index"].map((name) => `backend/todos/${name}.ts`),
    "backend/features.ts",
  ]);
  for (const step of todo) followStep(folder, step);
  const config = { extends: "./tsconfig.json", include: ["backend"], exclude: ["backend/page"] };
  writeFileSync(join(folder, "tsconfig.backend.json"), JSON.stringify(config));
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "--noEmit", "-p", "tsconfig.backend.json"], { cwd: folder, encoding: "utf8" });

  const entry = join(folder, "test/slow/readme/added-feature.ts");
  const backend = spawn(process.execPath, [entry, join(folder, "data")], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(backend, "exit");
  const [line] = await once(createInterface({ input: backend.stdout }), "line");
  const { url, policy } = JSON.parse(line);
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
  const rules = policy.flatMap(({ rules }: { rules: { ref: string; expression: string }[] }) => rules);
  const guard = rules.find(({ ref }: { ref: string }) => ref === "not_in_surface");
  expect(guard?.expression).toContain('"/api/todos"');
  backend.stdin.end();
  expect(await ended).toEqual([0, null]);
});
