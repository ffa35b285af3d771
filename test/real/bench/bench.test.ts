// The benchmarks as programs: help, arguments, losses of a tiny run, and how they end. Never how fast anything is.
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
