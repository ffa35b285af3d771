// The benchmarks as programs: help, arguments, losses of a tiny run, and how they end. Never how fast anything is.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "@jest/globals";

const RUN = fileURLToPath(new URL("../../../scripts/run.mjs", import.meta.url));
const BENCH = fileURLToPath(new URL("../../bench/", import.meta.url));
const NAMES = readdirSync(BENCH, { recursive: true, encoding: "utf8" }).flatMap((file) => {
  return /^(?:.+\/)?([^/]+)\.bench\.ts$/.exec(file)?.[1] ?? [];
});

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

test.each(NAMES)("bench -- %s has help, and refuses an unknown argument", async (name) => {
  const help = await bench([name, "--help"]);
  expect(help).toMatchObject({ code: 0, err: "" });
  expect(help.out).toMatch(new RegExp(`^Usage: npm run bench -- ${name} `));
  expect(help.out).toContain("--format <format>");
  const wrong = await bench([name, "--no-such"]);
  expect(wrong).toMatchObject({ code: 2, out: "" });
  expect(wrong.err).toContain("unknown option '--no-such'");
});

test.each([
  ["throws in a timer", 'setImmediate(() => { throw new Error("nothing catches this"); });'],
  ["rejects a promise", 'void Promise.reject(new Error("nothing catches this"));'],
])("a benchmark that %s fails with this error, ends its servers and removes their folders", async (_how, failing) => {
  const code = `
    import { runBenchmark } from ${JSON.stringify(`${BENCH}benchmark.ts`)};
    import { launch, temporaryFolder } from ${JSON.stringify(`${BENCH}contenders.ts`)};
    async function run() {
      temporaryFolder();
      console.log(launch([process.execPath, "-e", "setInterval(() => {}, 1000)"]).pid);
      ${failing}
      await new Promise(() => setInterval(() => {}, 1000));
    }
    await runBenchmark({ name: "broken", summary: "Fails.", options: {}, run });
  `;
  const program = ["--input-type=module", "-e", code, "broken.bench.ts"];
  const child = spawn(process.execPath, program, { env, stdio: ["ignore", "pipe", "pipe"] });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  expect(await once(child, "exit")).toEqual([1, null]);
  const [out, err] = await output;
  expect(err).toContain("nothing catches this");
  expect(Number(out)).toBeGreaterThan(0);
  expect(() => process.kill(Number(out), 0)).toThrow("ESRCH");
  expect(readdirSync(folder)).toEqual([]);
});
