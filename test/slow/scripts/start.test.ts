import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { START_STEPS } from "../../../scripts/local-site/local-site.ts";
import { choosePorts } from "../../../scripts/local-site/ports.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
let folder: string;
let dataDir: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "causeway-start-"));
  dataDir = join(folder, "data");
  mkdirSync(dataDir);
  await choosePorts(dataDir, { edge: 0, gateway: 0, api: 0, tunnel: 0, reload: 0, console: 0 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `npm start` of a tree, in a process of its own; `output` is all that it printed. */
function start(root: string, env: Readonly<Record<string, string>> = {}, options: readonly string[] = []) {
  const child = spawn(process.execPath, ["scripts/run.mjs", "start", ...options], {
    cwd: root,
    env: { DATA_DIR: dataDir, ...env }, // no PATH: the connector is our own
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 50_000,
    killSignal: "SIGKILL",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, output })),
  );
  return { child, ended, output: () => output };
}

test.each(START_STEPS.map((step, index) => [index % 2 === 0 ? "SIGINT" : "SIGTERM", step] as const))(
  "%s while it starts %s: one line, no further step, exit code 0, the folder is free",
  async (signal, step) => {
    const { child, ended, output } = start(ROOT);
    let isSent = false;
    child.stdout.on("data", () => {
      if (isSent || !output().includes(`starting ${step}\n`)) return;
      isSent = true;
      child.kill(signal);
    });
    expect((await ended).code).toBe(0);
    // The process may take further steps until the signal arrives, but none after it has printed the line.
    const [, afterSignal] = output().split(`\n${signal}: ending; `);
    expect(afterSignal).toBe(`${signal === "SIGINT" ? "press Ctrl-C" : "send it"} again to stop at once\n\nended\n`);
    expect(existsSync(join(dataDir, "lock"))).toBe(false);
  },
);

test("O18: PORT is the port of the site, and one that is taken or no port is refused", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const taken = await start(ROOT, { PORT: String(port) }).ended;
  expect(taken).toEqual({ code: 1, output: expect.stringMatching(`^start: port ${port} is in use at 127.0.0.1`) });
  const wrong = await start(ROOT, { PORT: "http" }).ended;
  expect(wrong).toEqual({ code: 2, output: 'start: PORT is "http". It must be a port: 1 to 65535.\n' });
  other.close();
  await once(other, "close");
  const { child, ended } = start(ROOT, { PORT: String(port) });
  child.stdout.on("data", (text: string) => text.includes("Causeway is up") && child.kill("SIGTERM"));
  expect((await ended).output).toContain(`The page: http://chat.causeway.localhost:${port}`);
});

test("A2: an unknown plan and an unknown visitor are refused with the list", async () => {
  const plan = await start(ROOT, {}, ["--plan", "premium"]).ended;
  expect(plan).toEqual({ code: 2, output: expect.stringMatching(/premium.*free, pro, business, enterprise/s) });
  const visitor = await start(ROOT, {}, ["--visitor", "nobody"]).ended;
  expect(visitor).toEqual({
    code: 2,
    output: expect.stringMatching(
      /^start: --visitor is "nobody". It must be one of infra.policy.visitors.ts: ordinary, office,/,
    ),
  });
});

test("O18: a DATA_DIR that cannot be made is one clear line", async () => {
  const { code, output } = await start(ROOT, { DATA_DIR: "/proc/causeway/data" }).ended;
  expect({ code, output }).toEqual({
    code: 1,
    output: expect.stringMatching(/^start: cannot use the data folder \/proc\/causeway\/data: .*DATA_DIR.*\n$/),
  });
});

test("a policy that does not parse: file and line, and a clean exit", async () => {
  const copy = join(folder, "copy");
  for (const part of ["backend", "cloudflared", "infra", "scripts", "package.json"]) {
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  const policy = join(copy, "infra/policy/custom-rules/plain-http.ts");
  writeFileSync(policy, readFileSync(policy, "utf8").replace("when:", "when"));
  const { code, output } = await start(copy).ended;
  expect(output).toMatch(/^start: infra\/policy\/custom-rules\/plain-http\.ts:\d+: .*\n$/m);
  expect(code).toBe(1);
  expect(existsSync(join(dataDir, "lock"))).toBe(false);
});
