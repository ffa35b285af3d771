import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { io } from "socket.io-client";

/** What has to be there so that the backend starts and is checked. */
const PARTS = [
  ...["backend", "infra/policy", "infra/rules", "test/infra/policy/site.ts"],
  ...["test/slow/readme/added-feature.ts", "package.json", "tsconfig.json"],
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-namespace-"));
  for (const part of PARTS) cpSync(part, join(folder, part), { recursive: true });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(file: string, code: string): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
}

/** What the README does not repeat: the feature's `index.ts`, its line in the list of features. */
function addFeature(): void {
  write(
    "backend/jobs/index.ts",
    `import type { FeatureModule } from "../feature.ts";
import { jobsService } from "./jobs.service.ts";
export const feature: FeatureModule = { migrations: {}, start: () => ({ services: [jobsService()] }) };
`,
  );
  const list = readFileSync(join(folder, "backend/features.ts"), "utf8");
  const line = '{ name: "jobs", surface: jobsSurface, load: () => import("./jobs/index.ts") },\n';
  const wanted = 'import { jobsSurface } from "./jobs/surface.ts";\n';
  write("backend/features.ts", wanted + list.replace("] as const", `${line}] as const`));
}

test("H3: the README's words add a namespace: join, calls, channel, event, roles, and its client with types", async () => {
  const [, chapter = ""] = /^### Serve a namespace\n(.*?)^### /ms.exec(readFileSync("README.md", "utf8")) ?? [];
  const blocks = [...chapter.matchAll(/`((?:backend\/jobs|local)\/[\w.-]+\.ts)`.*?```ts\n(.*?)```/gs)];
  expect(blocks.map(([, file]) => file)).toEqual([
    ...["backend/jobs/surface.ts", "backend/jobs/jobs.service.ts", "local/jobs-client.ts"],
  ]);
  for (const [, file = "", code = ""] of blocks) write(file, code);
  addFeature();
  const wrong = [
    ...['import type { NamespaceClient } from "./backend/client/index.ts";'],
    ...['import type { jobsSurface } from "./backend/jobs/surface.ts";'],
    ...['declare const jobs: NamespaceClient<(typeof jobsSurface)["namespaces"][number]>;'],
    ...["// @ts-expect-error", 'void jobs.call("jobs.cancel", {});'],
    ...["// @ts-expect-error", 'void jobs.call("jobs.watch", { id: 5 });'],
    ...["// @ts-expect-error", 'jobs.on("finished", () => undefined);'],
  ];
  write("wrong-client.ts", `${wrong.join("\n")}\n`);
  const include = ["backend", "local", "wrong-client.ts"];
  write("tsconfig.backend.json", JSON.stringify({ extends: "./tsconfig.json", include, exclude: ["backend/page"] }));
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "--noEmit", "-p", "tsconfig.backend.json"], { cwd: folder, encoding: "utf8" });

  const program = join(folder, "test/slow/readme/added-feature.ts");
  const backend = spawn(process.execPath, [program, join(folder, "data")], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(backend, "exit");
  const [line] = await once(createInterface({ input: backend.stdout }), "line");
  const { url } = JSON.parse(line) as { url: string };
  const signUp = async (email: string): Promise<string> => {
    const body = JSON.stringify({ email, password: "correct horse battery", name: "Ada" });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/api/auth/register`, { method: "POST", headers, body });
    return ((await response.json()) as { accessToken: string }).accessToken;
  };
  const token = await signUp("ada@example.org");

  const client = spawn(process.execPath, [join(folder, "local/jobs-client.ts")], {
    ...{ cwd: folder, env: { ...process.env, SITE: url, TOKEN: token }, stdio: ["ignore", "pipe", "inherit"] },
  });
  const [said] = await once(createInterface({ input: client.stdout }), "line");
  expect(said).toBe("{ id: 'import', percent: 0 }");
  client.kill();

  const jobs = io(`${url}/jobs`, { transports: ["websocket"], auth: { token } });
  await new Promise((connected) => jobs.once("connect", () => connected(undefined)));
  const call = (...args: unknown[]) =>
    new Promise((answered) =>
      jobs.emit("call", ...args, (error: unknown, result: unknown) => answered(error ?? result)),
    );
  expect(await call("jobs.watch", { id: "x" })).toEqual({ id: "x", percent: 0 });
  expect(await call("jobs.watch", {})).toMatchObject({ code: "VALIDATION", field: "id" });
  expect(await call("jobs.report", { id: "x", percent: 5 })).toMatchObject({ code: "FORBIDDEN" });
  expect(await call("users.me", {})).toMatchObject({ code: "NOT_FOUND" });
  jobs.close();
  backend.stdin.end();
  expect(await ended).toEqual([0, null]);
});
