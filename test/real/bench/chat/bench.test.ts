// The benchmarks of the chat as programs: arguments, losses of a tiny run, and how they end. Never how fast they are.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "@jest/globals";
import { parentOf, treeOf } from "../../../../scripts/command-line/processes.ts";

const RUN = fileURLToPath(new URL("../../../../scripts/run.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "causeway-bench-test-"));
chmodSync(folder, 0o755); // PostgreSQL may run as another user
afterAll(() => rmSync(folder, { recursive: true }));
const env = { ...process.env, TMPDIR: folder };

function bench(
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<{ code: unknown; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [RUN, "bench", ...args], { env: { ...env, ...more } }, (error, out, err) => {
      resolve({ code: error ? error.code : 0, out, err });
    });
  });
}

test.each([
  ["soak", "NATS_SERVER_BIN", /needs nats-server, and NATS_SERVER_BIN names \/nowhere, which is no program/],
  ["nodes", "POSTGRES_BIN", /needs PostgreSQL, and the folder that POSTGRES_BIN names, \/nowhere, has no initdb/],
  ["chat", "CENTRIFUGO_BIN", /--contender centrifugo: CENTRIFUGO_BIN names no program: \/nowhere/],
  ["connect", "BENCH_BEFORE", /--contender sqlite before: BENCH_BEFORE names no checkout of this project: \/nowhere/],
])("bench -- %s says that %s names nothing, and starts nothing", async (name, variable, message) => {
  const contender = { CENTRIFUGO_BIN: ["--contender", "centrifugo"], BENCH_BEFORE: ["--contender", "sqlite before"] };
  const args = contender[variable as keyof typeof contender] ?? ["--clients", "36", "--rate", "20"];
  const { err } = await bench([name, ...args], { NATS_SERVER_BIN: process.execPath, [variable]: "/nowhere" });
  expect(err).toMatch(message);
  expect(err).not.toMatch(/^ +at /m);
  expect(readdirSync(folder)).toEqual([]);
});

test("N8: a short run of the chat with all contenders loses and doubles nothing, and leaves nothing behind", async () => {
  const small = ["--clients", "24", "--database-clients", "12", "--windows", "1", "--seconds", "1", "--warm-up", "1"];
  const { out, err } = await bench(["chat", ...small, "--format", "json"]);
  expect(err).toBe("");
  const { tables, targets } = JSON.parse(out);
  const windows: Record<string, unknown>[] = tables[0].rows;
  expect(windows.map(({ name }) => name)).toEqual(expect.arrayContaining(["socket.io", "sqlite"]));
  for (const { lost, doubled, refused } of windows)
    expect({ lost, doubled, refused }).toEqual({ lost: 0, doubled: 0, refused: 0 });
  const counts = (targets as { what: string; figure: number }[]).filter(({ what }) => /^lost|^doubled/.test(what));
  expect(counts.map(({ figure }) => figure)).toEqual([0, 0]);
  expect(readdirSync(folder)).toEqual([]);
});

test("a benchmark that is interrupted ends its servers and removes their folders", async () => {
  const child = spawn(process.execPath, [RUN, "bench", "chat", "--clients", "24"], { env, stdio: "ignore" });
  const pid = child.pid ?? 0;
  const isServing = () => treeOf(pid).length >= 4 && readdirSync(folder).length > 0;
  while (!isServing()) await pause(20);
  const started = treeOf(pid);
  child.kill("SIGINT");
  const [code] = await once(child, "exit");
  expect(code).toBe(1);
  expect(started.filter((each) => parentOf(each) !== undefined)).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});
