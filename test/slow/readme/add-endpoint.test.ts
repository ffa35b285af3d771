import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

/** What has to be there so that the backend starts and the edge's rules are derived. */
const PARTS = [
  "backend",
  "infra/policy",
  "infra/rules",
  "test/infra/policy/site.ts",
  "test/slow/readme/added-endpoint.ts",
  "package.json",
  "tsconfig.json",
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-readme-"));
  for (const part of PARTS) cpSync(part, join(folder, part), { recursive: true });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Step {
  /** Name of the list, interface or object that the code goes into. */
  readonly place: string;
  readonly file: string;
  readonly code: string;
}

/** The steps of "Add an endpoint": code blocks, each after a sentence with `place` and [`file`]. */
function steps(readme: string): readonly Step[] {
  const [, section = ""] = /^### Add an endpoint\n(.*?)^### /ms.exec(readme) ?? [];
  const found = section.matchAll(/ to `(\w+)`[^`]*?(?:`\w+`\) )?[^`]*?\[`([\w./]+)`\].*?```ts\n(.*?)```/gs);
  return [...found].map(([, place = "", file = "", code = ""]) => ({ place, file, code }));
}

/** Puts the code first into what is called so. */
function follow({ place, file, code }: Step): void {
  const path = join(folder, file);
  const source = readFileSync(path, "utf8");
  const opening = new RegExp(`^.*\\b${place}\\b(?: =|:)? [[{]$`, "m").exec(source);
  if (!opening) throw new Error(`${file} has no ${place} that something can be added to.`);
  const end = opening.index + opening[0].length;
  writeFileSync(path, `${source.slice(0, end)}\n${code}${source.slice(end)}`);
}

test("the README's words add an endpoint: it compiles, answers, is described, and the edge lets it pass", async () => {
  const todo = steps(readFileSync("README.md", "utf8"));
  expect(todo.map(({ place, file }) => `${place} ${file}`)).toEqual([
    "http backend/users/surface.ts",
    "actions backend/users/users.service.ts",
  ]);
  for (const step of todo) follow(step);
  const config = { extends: "./tsconfig.json", include: ["backend"], exclude: ["backend/page"] };
  writeFileSync(join(folder, "tsconfig.backend.json"), JSON.stringify(config));
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "--noEmit", "-p", "tsconfig.backend.json"], { cwd: folder, encoding: "utf8" });

  const entry = join(folder, "test/slow/readme/added-endpoint.ts");
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
  expect(await ask("GET", "/api/users/greeting?word=Welcome", undefined, json.accessToken)).toEqual({
    status: 200,
    json: { text: "Welcome, Ada!" },
  });
  expect((await ask("GET", "/api/users/greeting?word=Welcome")).status).toBe(401);
  expect((await ask("GET", "/api/users/greeting", undefined, json.accessToken)).status).toBe(422);
  const { paths } = (await ask("GET", "/api/openapi.json")).json;
  const { operationId, responses } = paths["/api/users/greeting"].get;
  expect(operationId).toBe("users.greeting");
  expect(responses["200"].content["application/json"].schema).toMatchObject({
    properties: { text: { type: "string" } },
    required: ["text"],
  });
  const rules = policy.flatMap(({ rules }: { rules: { ref: string; expression: string }[] }) => rules);
  const guard = rules.find(({ ref }: { ref: string }) => ref === "not_in_surface");
  expect(guard?.expression).toContain('"/api/users/greeting"');
  backend.stdin.end();
  expect(await ended).toEqual([0, null]);
});
