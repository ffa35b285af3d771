// A12: infra/policy/README.md is followed to the letter: its files are written and its commands are run, in a copy.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

// commands of a newcomer, each a process, where other work goes on beside them

const run = promisify(execFile);
const README = "infra/policy/README.md";

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "causeway-policy-readme-"));
  for (const part of ["backend", "infra", "scripts", "package.json", "tsconfig.json"]) {
    cpSync(part, join(copy, part), { recursive: true });
  }
  symlinkSync(resolve("node_modules"), join(copy, "node_modules"));
});
afterAll(() => rmSync(copy, { recursive: true }));

/** The steps of the page, in order: a file to write, or commands to run. */
type Step = { readonly file: string; readonly text: string } | { readonly commands: readonly string[] };

/** A file is named by the last code of the line before its block, which ends with a colon. */
function steps(readme: string): readonly Step[] {
  const blocks = readme.matchAll(/(?:^[^\n]*`([\w./-]+)`:\n\n)?^```(\w+)\n(.*?)^```$/gms);
  return [...blocks].map(([block, file, language, text = ""]) => {
    if (language === "sh") return { commands: text.trim().split("\n") };
    if (file === undefined) throw new Error(`${README} has a block that names no file: ${block}`);
    return { file, text };
  });
}

/** What a command prints. Throws with it where the command fails. */
async function outputOf(command: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(command, args, { cwd: copy })).stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${args.at(-1)} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

test("A12: a newcomer who follows the page adds a country, a list, a skip and a rate limit, and all of it is proved", async () => {
  const outputs = new Map<string, string>();
  const written: string[] = [];
  for (const step of steps(readFileSync(README, "utf8"))) {
    if ("file" in step) {
      writeFileSync(join(copy, "infra/policy", step.file), step.text);
      written.push(step.file);
      continue;
    }
    for (const command of step.commands) {
      outputs.set(command, await outputOf("sh", ["-c", command]));
    }
  }
  expect(written).toEqual([
    "custom-rules/tor-register.ts",
    "custom-rules/index.ts",
    "lists/office.ts",
    "lists/index.ts",
    "custom-rules/office-unlimited.ts",
    "custom-rules/index.ts",
    "stories/office.json",
    "rate-limits/register-rate.ts",
    "rate-limits/index.ts",
    "rate-limits/credential-rate.ts",
    "custom-rules/bot-register.ts",
    "custom-rules/index.ts",
    "custom-rules/status-admin.ts",
    "custom-rules/index.ts",
  ]);
  const explained = outputs.get("npm run rules -- explain 'POST /api/auth/register given ip.src.country=T1'");
  expect(explained).toContain("=> block by tor_register, status 403");
  expect(outputs.get("npm run rules -- test")).toMatch(/8 rules, \d+ examples and 4 stories on free: 0 failed/);
  expect(outputs.get("npm run rules -- test --plan pro")).toMatch(
    /9 rules, \d+ examples and 4 stories on pro: 0 failed/,
  );
  const edgeOnly = outputs.get("npm run rules -- test --plan free");
  expect(edgeOnly).toMatch(/8 rules, \d+ examples and 4 stories on free: 0 failed/);
  // I11-10: the bot score is used where there is one
  expect(outputs.get("npm run rules -- check --plan enterprise")).toContain("12 rules on enterprise");
  expect(outputs.get("npm run rules -- test --plan enterprise")).toMatch(/12 rules, .* on enterprise: 0 failed/);
  expect(outputs.get("npm run rules -- test --plan business")).toMatch(/11 rules, .* on business: 0 failed/);
  expect(outputs.get("npm run rules -- check --plan pro")).toContain("0 findings");
  const service = "--plan pro --service status.example.com";
  expect(outputs.get(`npm run rules -- check ${service}`)).toContain("0 findings");
  expect(outputs.get(`npm run rules -- test ${service}`)).toMatch(/10 rules, .* on pro: 0 failed/);

  // its files compile, and are written as the project's
  const config = { extends: "./tsconfig.json", include: ["infra/policy"], exclude: [] };
  writeFileSync(join(copy, "tsconfig.policy.json"), JSON.stringify(config));
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  await outputOf(process.execPath, [tsc, "--noEmit", "-p", "tsconfig.policy.json"]);
});
