// `npm run new` in a copy of the project: what it makes passes the checks and the tests at once, as the README says.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { addRows, followStep, readSteps } from "../readme/steps.ts";
import { copyWholeProject, removeFeature, startSite, type WholeCopy } from "./whole-copy.ts";

const INDEX = "infra/policy/custom-rules/index.ts";
const RULE = "infra/policy/custom-rules/block-old-api.ts";
const NOTES_RULE = "infra/policy/custom-rules/notes.ts";

let copy: WholeCopy;
beforeAll(() => {
  copy = copyWholeProject();
});
afterAll(() => copy.remove());

const textOf = (path: string) => readFileSync(join(copy.root, path), "utf8");

const README = readFileSync("README.md", "utf8");
const unchanged = readFileSync(INDEX, "utf8");

test("D4: a name that is taken or reserved changes nothing", async () => {
  const refused = (kind: string, name: string) => ({ status: 2, out: "", err: expect.stringContaining(kind + name) });
  for (const name of ["scanner-paths", "custom-rules", "index", "class", "Todos", "../x"]) {
    expect(await copy.run(`npm run -s new -- rule ${name}`)).toEqual(refused("the name ", `"${name}" cannot be used`));
  }
  for (const [name, taken] of [
    ["users", "backend/users"],
    ["gateway", "backend/gateway"],
    ["stories", "infra/policy/stories"],
    ["presence", "the service presence"],
  ]) {
    expect(await copy.run(`npm run -s new -- feature ${name}`)).toEqual(refused(`${taken}`, " exists already"));
  }
  for (const words of ["page todos", "rule", "rule a b", "--list todos", "--list ../users", "--list users todos"]) {
    expect(await copy.run(`npm run -s new -- ${words}`)).toMatchObject({ status: 2, out: "" });
  }
  expect(textOf(INDEX)).toBe(unchanged);
});

/** Runs the command with a signal to itself, right before each call of a function of Node.js. */
function interrupted(module: string, name: string) {
  const preload = `import module from "node:module";
import target from "node:${module}";
const original = target.${name};
target.${name} = (...given) => {
  process.kill(process.pid, "SIGINT");
  return original(...given);
};
module.syncBuiltinESMExports();
`;
  writeFileSync(join(copy.root, "../interrupt.mjs"), preload);
  return copy.run(`${process.execPath} --import ../interrupt.mjs scripts/run.mjs new rule block-old-api`);
}

test("D4: Ctrl-C before the first file is written stops it; between two files it waits", async () => {
  const before = await interrupted("child_process", "spawnSync");
  expect(before).toMatchObject({ status: 1, err: expect.stringContaining("stopped by SIGINT. Nothing was done.") });
  expect(existsSync(join(copy.root, RULE))).toBe(false);
  expect(textOf(INDEX)).toBe(unchanged);

  expect(await interrupted("fs", "renameSync")).toMatchObject({ status: 0 });
  expect(existsSync(join(copy.root, RULE))).toBe(true);
  expect(textOf(INDEX)).toContain("blockOldApi");
  rmSync(join(copy.root, RULE));
  writeFileSync(join(copy.root, INDEX), unchanged);
});

/** The paths that `--list` prints. */
async function listed(feature: string): Promise<readonly string[]> {
  return (await copy.succeed(`npm run -s new -- --list ${feature}`)).out.trim().split("\n");
}

// the tests from here on go on with what the one before has made

test("D4: a new feature is named by its list, another one stands beside it, and a rule is explained at once", async () => {
  const made = await copy.succeed("npm run -s new -- feature shopping-list");
  const own = await listed("shopping-list");
  const files = [...made.out.matchAll(/^made +(\S+)$/gm)].map(([, path = ""]) => path);
  expect(files).toHaveLength(9);
  expect(files.filter((file) => !own.some((path) => file === path || file.startsWith(`${path}/`)))).toEqual([]);
  await copy.succeed("npm run -s new -- feature notes");
  expect(await listed("notes")).toEqual(["backend/notes", NOTES_RULE, "test/backend/notes"]);
  // without its rule: Free allows five
  rmSync(join(copy.root, NOTES_RULE));
  const others = textOf(INDEX).replace(/^import.*notes.*\n/m, "");
  writeFileSync(join(copy.root, INDEX), others.replace("notes, ", ""));
  await copy.succeed("npm run -s new -- rule block-old-api");

  const proof = await copy.succeed("npm run -s rules -- test");
  // their examples exercise all of them
  expect(proof.out).not.toMatch(/block_old_api|shopping_list/);
  const explained = async (what: string) => (await copy.run(`npm run -s rules -- explain ${what}`)).out;
  expect(await explained("'GET /block-old-api'")).toContain("=> block by block_old_api");
  expect(await explained("'POST /api/shopping-list' --visitor tor")).toContain("=> block by shopping_list");
});

test("D4: the README's words make two features by hand, with tests: they stand beside those that were made", async () => {
  const headings = ["Add a feature", "Test a feature", "Serve a namespace"];
  for (const step of headings.flatMap(readSteps)) followStep(copy.root, step);
  for (const name of ["todos", "jobs"]) addRows(copy.root, "Add a feature", name);
  await copy.succeed("npm run -s format");
  expect(await listed("todos")).toEqual(["backend/todos", "test/backend/todos"]);
});

test("D4: what was made passes every check", async () => {
  await copy.succeed("npm run -s check");
}, 600_000);

test("D4: what was made passes its tests, those of the pages, and those that go through all that is public", async () => {
  const everything = ["surface", "bad-input", "fuzz"].map((name) => `test/backend/${name}.test.ts`);
  const paths = ["test/backend/shopping-list", "test/backend/notes", "test/docs", ...everything];
  await copy.succeed(`npm test -- ${paths.join(" ")}`);
});

test("D10: the README's commands run the tests of a feature, and one test of one file", async () => {
  const commands = [...README.matchAll(/^(npm test -- test\/backend\/todos.*?)(?: +#.*)?$/gm)];
  const passed = [];
  for (const [, command = ""] of commands) {
    const { err } = await copy.succeed(command);
    passed.push(/^Tests: .*\b(\d+) passed/m.exec(err)?.[1]);
  }
  expect(passed).toEqual(["2", "1"]);
});

test("D4: what was made is served, and once a feature is removed the edge blocks its paths", async () => {
  expect(await statuses()).toEqual({ list: 401, item: 401, other: 403 });
  const before = textOf("backend/features.ts");
  expect(await removeFeature(copy, "shopping-list")).toEqual([
    "ARCHITECTURE.md",
    "backend/features.ts",
    "infra/policy/custom-rules/index.ts",
  ]);
  expect(textOf("backend/features.ts").split("\n").length).toBe(before.split("\n").length - 2);
  await copy.succeed("npm run -s rules -- check");
  expect(await statuses({ UNUSED_FEATURES: "shopping-list" })).toEqual({ list: 403, item: 401, other: 403 });
});

/** How the site responds: the gateway asks for a token, and the edge blocks what the gateway does not have. */
async function statuses(env?: NodeJS.ProcessEnv) {
  const site = await startSite(copy, env);
  try {
    const { status: list } = await site.ask("GET", "/api/shopping-list");
    const { status: item } = await site.ask("DELETE", "/api/notes/7");
    const { status: other } = await site.ask("GET", "/api/shopping-lists");
    return { list, item, other };
  } finally {
    await site.stop();
  }
}
