import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { io } from "socket.io-client";
import { FollowedCopy } from "./followed-copy.ts";
import { followStep, readSteps } from "./steps.ts";

const CLIENT = "local/jobs-client.ts";

let copy: FollowedCopy;
beforeAll(() => {
  copy = new FollowedCopy();
});
afterAll(() => copy.remove());

test("H3: the README's words add a namespace: join, calls, channel, event, roles, description, client", async () => {
  const steps = readSteps("Serve a namespace");
  expect(steps.map(({ file }) => file)).toEqual([
    ...["surface", "jobs.service", "index"].map((name) => `backend/jobs/${name}.ts`),
    ...["backend/features.ts", CLIENT],
  ]);
  for (const step of steps) followStep(copy.root, step);
  const wrong = [
    ...['import type { NamespaceClient } from "./backend/client/index.ts";'],
    ...['import type { jobsSurface } from "./backend/jobs/surface.ts";'],
    ...['declare const jobs: NamespaceClient<(typeof jobsSurface)["namespaces"][number]>;'],
    ...["// @ts-expect-error", 'void jobs.call("jobs.cancel", {});'],
    ...["// @ts-expect-error", 'void jobs.call("jobs.watch", { id: 5 });'],
    ...["// @ts-expect-error", 'jobs.on("finished", () => undefined);'],
  ];
  writeFileSync(join(copy.root, "wrong-client.ts"), `${wrong.join("\n")}\n`);
  await copy.checkTypes(["backend", "local", "wrong-client.ts"]);

  const { url, stop } = await copy.startBackend();
  const signUp = async (email: string): Promise<string> => {
    const body = JSON.stringify({ email, password: "correct horse battery", name: "Ada" });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/api/auth/register`, { method: "POST", headers, body });
    return ((await response.json()) as { accessToken: string }).accessToken;
  };
  const token = await signUp("ada@example.org");

  const [command = ""] = /^TOKEN=\$token npx node .*$/m.exec(readFileSync("README.md", "utf8")) ?? [];
  const refused = await copy.run(`export SITE=${url}; token=wrong; ${command}`);
  expect(refused).toEqual({ status: 1, out: "", err: expect.stringMatching(/^UNAUTHORIZED$/m) });
  const client = copy.start(CLIENT, [], { ...process.env, SITE: url, TOKEN: token });
  expect(await client.line()).toBe("{ id: 'import', percent: 0 }");

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

  const document = (await (await fetch(`${url}/api/openapi.json`)).json()) as Described;
  const { summary, calls, events } = document["x-socket"].namespaces["/jobs"] ?? {};
  expect(summary).toBe("Watch jobs and report about them");
  expect([Object.keys(calls ?? {}), Object.keys(events ?? {})]).toEqual([["jobs.watch", "jobs.report"], ["progress"]]);
  expect(await stop()).toBe(0);
});

interface Described {
  readonly "x-socket": {
    readonly namespaces: Readonly<
      Record<string, { readonly summary: string; readonly calls: object; readonly events: object }>
    >;
  };
}
