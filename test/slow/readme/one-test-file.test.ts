import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const readme = readFileSync("README.md", "utf8");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-one-file-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Finished {
  readonly code: number;
  readonly err: string;
}

/** Runs a command, without what the Jest around it has put into the environment. */
function run(command: string): Promise<Finished> {
  const { JEST_WORKER_ID: _, NODE_OPTIONS: __, ...env } = process.env;
  return new Promise((resolve) => {
    execFile("sh", ["-c", command], { env }, (error, _out, err) =>
      resolve({ code: error ? Number(error.code) : 0, err }),
    );
  });
}

interface Report {
  readonly testResults: readonly { readonly name: string }[];
  readonly numPassedTests: number;
  readonly numPendingTests: number;
}

/** Runs an `npm test` command of the README, with Jest's report. */
async function reportOf(command: string): Promise<Report> {
  const file = join(folder, "report.json");
  const { code, err } = await run(`${command} -- --json --outputFile=${file}`);
  if (code !== 0) throw new Error(`${command} failed: ${err}`);
  return JSON.parse(readFileSync(file, "utf8"));
}

test("D10: the README's command for one file loads this file and no other, with -t too", async () => {
  const commands = [...readme.matchAll(/^npm test -- (\S+\.test\.ts)( -t \S+)?(?= +#)/gm)];
  expect(commands.map(([, , name]) => name !== undefined)).toEqual([false, true]);
  for (const [command, path = "", name] of commands) {
    const { testResults, numPassedTests, numPendingTests } = await reportOf(command);
    expect(testResults.map((result) => result.name)).toEqual([join(process.cwd(), path)]);
    expect(numPassedTests).toBeGreaterThan(0);
    if (name) expect(numPendingTests).toBeGreaterThan(0);
    else expect(numPendingTests).toBe(0);
  }
});

test("D10: a file that another command runs is refused with that command", async () => {
  const slow = "test/slow/readme/add-feature.test.ts";
  expect(await run(`npm test -- ${slow}`)).toEqual({
    code: 2,
    err: expect.stringContaining(`npm run test:slow -- ${slow}`),
  });
  const real = "test/real/postgres";
  expect(await run(`npm run test:slow -- ${real}`)).toEqual({
    code: 2,
    err: expect.stringContaining(`npm run test:real -- ${real}`),
  });
  const quick = "test/scripts/run.test.ts";
  expect(await run(`npm run test:real -- ${quick}`)).toEqual({
    code: 2,
    err: expect.stringContaining(`npm test -- ${quick}`),
  });
});
