import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { compile, requestFields } from "../../../infra/rules/index.ts";
import { request } from "../../infra/rules/request.ts";

let folder: string;
let wrangler: ChildProcess;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "causeway-workerd-"));
  const main = fileURLToPath(new URL("./worker.ts", import.meta.url));
  const config = join(folder, "wrangler.json");
  writeFileSync(config, JSON.stringify({ name: "rules", main, compatibility_date: "2026-01-01", send_metrics: false }));
  // Its launcher starts a second process: together they are one group, which ends as one.
  wrangler = spawn(
    "wrangler",
    ["dev", "--config", config, "--local", "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"],
    {
      cwd: folder,
      detached: true,
      env: {
        ...process.env,
        CI: "1",
        HOME: folder,
        XDG_CONFIG_HOME: folder,
        WRANGLER_SEND_METRICS: "false",
        CLOUDFLARE_CF_FETCH_ENABLED: "false",
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  url = await new Promise<string>((resolve, reject) => {
    let said = "";
    const listen = (chunk: Buffer): void => {
      said += chunk;
      const ready = /Ready on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (ready) resolve(ready);
    };
    wrangler.stdout?.on("data", listen);
    wrangler.stderr?.on("data", listen);
    wrangler.once("exit", (code) => reject(new Error(`wrangler ended with ${code}: ${said}`)));
  });
});

afterAll(async () => {
  const { pid } = wrangler ?? {};
  if (pid !== undefined && wrangler.exitCode === null) {
    const ended = new Promise((resolve) => wrangler.once("close", resolve));
    process.kill(-pid, "SIGTERM");
    await ended;
  }
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function ask(question: object): Promise<unknown> {
  const answer = await fetch(url, { method: "POST", body: JSON.stringify({ request, ...question }) });
  expect(answer.status).toBe(200);
  return answer.json();
}

test.each([
  'lower(http.host) eq "chat.example.com" and http.request.uri.path eq "/api/auth/login"',
  "ip.src in {2001:db8::/32} and not ip.src in {0.0.0.0/0}",
  'http.user_agent matches r"(?i)^CURL/\\d+$" and http.request.uri.path matches "^(/[a-z]+)+$"',
  'http.request.uri.path matches r"(?u)\\p{Greek}"',
  'any(http.request.cookies["theme"][*] wildcard "d*k") and len(http.request.uri.args["next"]) eq 1',
  'url_decode(http.request.uri.query) contains "next=/" xor ssl',
  'http.request.headers["x-none"][0] ne "a"',
])("workerd and Node agree on %s", async (expression) => {
  const compiled = compile(expression);
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
  expect(await ask({ expression })).toEqual({ matches: compiled.matches(requestFields(request)) });
});

test("errors are rendered there as well", async () => {
  expect(await ask({ expression: "http.hots eq 1" })).toEqual({
    errors: [expect.stringContaining("did you mean http.host?")],
  });
});

test("the engine and the lints run there", async () => {
  const rules = [
    { ref: "login", expression: 'http.request.uri.path eq "/api/auth/login"', action: "block" },
    { ref: "later", expression: 'http.request.method eq "post"', action: "block" },
  ];
  expect(await ask({ rules })).toEqual({ outcome: "block", by: "login", codes: ["method-case"] });
});
