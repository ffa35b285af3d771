import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { choosePorts } from "../../../scripts/local-site/ports.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
let folder: string;
let dataDir: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "causeway-start-"));
  dataDir = join(folder, "data");
  mkdirSync(dataDir);
  await choosePorts(dataDir, { edge: 0, gateway: 0, api: 0, tunnel: 0 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `npm start` of a tree, in a process of its own; `said` is all of its output. */
function start(root: string, env: Readonly<Record<string, string>> = {}, options: readonly string[] = []) {
  const child = spawn(process.execPath, ["scripts/run.mjs", "start", ...options], {
    cwd: root,
    env: { DATA_DIR: dataDir, ...env }, // no PATH: the connector is our own
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 50_000,
    killSignal: "SIGKILL",
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const ended = new Promise<{ code: number | null; said: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, said })),
  );
  return { child, ended };
}

/** Resolves once the start holds the data folder. */
function underWay(): Promise<void> {
  const lock = join(dataDir, "lock");
  return new Promise((resolve) => {
    const watcher = watch(dataDir, () => existsSync(lock) && done());
    const done = () => {
      watcher.close();
      resolve();
    };
    if (existsSync(lock)) done();
  });
}

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s during the start: it ends in order and gives the folder back",
  async (signal) => {
    const { child, ended } = start(ROOT);
    await underWay();
    child.kill(signal);
    const { code, said } = await ended;
    expect(said).toContain(`${signal}: ending`);
    expect(said).not.toContain("Causeway is up");
    expect(code).toBe(0);
    expect(existsSync(join(dataDir, "lock"))).toBe(false);
  },
);

test("O18: PORT is the port of the site, and one that is taken or no port is refused", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const taken = await start(ROOT, { PORT: String(port) }).ended;
  expect(taken).toEqual({ code: 1, said: expect.stringMatching(`^start: port ${port} is in use at 127.0.0.1`) });
  const wrong = await start(ROOT, { PORT: "http" }).ended;
  expect(wrong).toEqual({ code: 2, said: 'start: PORT is "http". It must be a port: 1 to 65535.\n' });
  other.close();
  await once(other, "close");
  const { child, ended } = start(ROOT, { PORT: String(port) });
  child.stdout.on("data", (text: string) => text.includes("Causeway is up") && child.kill("SIGTERM"));
  expect((await ended).said).toContain(`The chat: http://chat.causeway.localhost:${port}`);
});

test("A2: an unknown plan and an unknown visitor are refused with the list", async () => {
  const plan = await start(ROOT, {}, ["--plan", "premium"]).ended;
  expect(plan).toEqual({ code: 2, said: expect.stringMatching(/premium.*free, pro, business, enterprise/s) });
  const visitor = await start(ROOT, {}, ["--visitor", "nobody"]).ended;
  expect(visitor).toEqual({
    code: 2,
    said: expect.stringMatching(
      /^start: --visitor is "nobody". It must be one of infra.policy.visitors.ts: ordinary, office,/,
    ),
  });
});

test("O18: a DATA_DIR that cannot be made is one clear line", async () => {
  const { code, said } = await start(ROOT, { DATA_DIR: "/proc/causeway/data" }).ended;
  expect({ code, said }).toEqual({
    code: 1,
    said: expect.stringMatching(/^start: cannot use the data folder \/proc\/causeway\/data: .*DATA_DIR.*\n$/),
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
  const { code, said } = await start(copy).ended;
  expect(said).toMatch(/^start: infra\/policy\/custom-rules\/plain-http\.ts:\d+: .*\n$/);
  expect(code).toBe(1);
  expect(existsSync(join(dataDir, "lock"))).toBe(false);
});
