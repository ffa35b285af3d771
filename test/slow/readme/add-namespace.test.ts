import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { io } from "socket.io-client";
import { followStep, readSteps } from "./steps.ts";

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

test("H3: the README's words add a namespace: join, calls, channel, event, roles, and its client with types", async () => {
  const steps = readSteps("Serve a namespace");
  expect(steps.map(({ file }) => file)).toEqual([
    ...["surface", "jobs.service", "index"].map((name) => `backend/jobs/${name}.ts`),
    ...["backend/features.ts", "local/jobs-client.ts"],
  ]);
  for (const step of steps) followStep(folder, step);
  const wrong = [
    ...['import type { NamespaceClient } from "./backend/client/index.ts";'],
    ...['import type { jobsSurface } from "./backend/jobs/surface.ts";'],
    ...['declare const jobs: NamespaceClient<(typeof jobsSurface)["namespaces"][number]>;'],
    ...["// @ts-expect-error", 'void jobs.call("jobs.cancel", {});'],
    ...["// @ts-expect-error", 'void jobs.call("jobs.watch", { id: 5 });'],
    ...["// @ts-expect-error", 'jobs.on("finished", () => undefined);'],
  ];
  writeFileSync(join(folder, "wrong-client.ts"), `${wrong.join("\n")}\n`);
  const include = ["backend", "local", "wrong-client.ts"];
  const config = { extends: "./tsconfig.json", include, exclude: ["backend/page"] };
  writeFileSync(join(folder, "tsconfig.backend.json"), JSON.stringify(config));
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

  const script = join(folder, "local/jobs-client.ts");
  const { TOKEN: _, ...env } = { ...process.env, SITE: url };
  const refused = spawnSync(process.execPath, [script], { cwd: folder, env, encoding: "utf8", timeout: 60_000 });
  expect(refused).toMatchObject({ status: 1, stdout: "", stderr: "UNAUTHORIZED\n" });
  const client = spawn(process.execPath, [script], {
    ...{ cwd: folder, env: { ...env, TOKEN: token }, stdio: ["ignore", "pipe", "inherit"] },
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
