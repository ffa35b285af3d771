import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import {
  argument,
  argumentList,
  CommandError,
  command,
  commandGroup,
  execute,
  flag,
  givenOptions,
  oneOf,
  option,
  optionList,
  optionWithDefault,
  requiredOption,
  text,
  UsageError,
  wholeNumber,
} from "../../../scripts/command-line/index.ts";

let out: string;
let err: string;
const calls: unknown[] = [];
beforeEach(() => {
  out = "";
  err = "";
  calls.splice(0);
  jest.spyOn(console, "log").mockImplementation((line) => {
    out += `${line}\n`;
  });
  jest.spyOn(console, "error").mockImplementation((line) => {
    err += `${line}\n`;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});

const options = {
  stack: requiredOption("-s, --stack <name>", "which stack", text),
  yes: flag("-y, --yes", "does not ask"),
  size: option("--size <number>", "how many", wholeNumber(1, 9)),
  plan: optionWithDefault("--plan <plan>", "for which plan", oneOf(["free", "pro"]), "free"),
  host: optionList("--host <name>", "a hostname", text),
};
const deploy = command({
  name: "deploy",
  summary: "Deploys.",
  arguments: { place: argument("where to"), files: argumentList("what") },
  options,
  passThrough: "arguments of the tool",
  environment: { COLOR: "which colour" },
  examples: ["here --stack prod"],
  run: (call) => void calls.push(call),
});

test("O19: a command gets its arguments, options and what is after --", async () => {
  const argv = [
    "here",
    "a",
    "b",
    "--stack=x",
    "-y",
    "--size",
    "3",
    "--host",
    "h1",
    "--host",
    "h2",
    "--",
    "--loud",
    "z",
  ];
  expect(await execute(deploy, argv)).toBe(0);
  expect(calls).toEqual([
    {
      args: { place: "here", files: ["a", "b"] },
      options: { stack: "x", yes: true, size: 3, plan: "free", host: ["h1", "h2"] },
      passThrough: ["--loud", "z"],
    },
  ]);
});

test("O19: what is not given is absent, false, empty or the default", async () => {
  expect(await execute(deploy, ["here", "-s", "x"])).toBe(0);
  expect(calls).toEqual([
    {
      args: { place: "here", files: [] },
      options: { stack: "x", yes: false, size: undefined, plan: "free", host: [] },
      passThrough: [],
    },
  ]);
});

test.each([
  [["here", "-s", "x", "--siez", "3"], "unknown option '--siez'\n(Did you mean --size?)"],
  [["here", "-s", "x", "-z"], "unknown option '-z'"],
  [["here", "--stak", "x"], "unknown option '--stak'\n(Did you mean --stack?)"],
  [["here"], "required option '-s, --stack <name>' not specified"],
  [["--stack", "x"], "missing required argument 'place'"],
  [["here", "-s", "--yes"], "'--yes' is invalid. It must be a text that does not begin with a hyphen."],
  [["here", "-s", "x", "--size", "10"], "'10' is invalid. It must be a whole number from 1 to 9."],
  [["here", "-s", "x", "--size", "1e0"], "'1e0' is invalid. It must be a whole number from 1 to 9."],
  [["here", "-s", "x", "--plan", "fre"], "'fre' is invalid. It must be one of free, pro."],
  [["", "-s", "x"], "value '' is invalid for argument 'place'."],
])("O19: %j is refused before anything happens", async (argv, message) => {
  expect(await execute(deploy, argv)).toBe(2);
  expect([calls, out]).toEqual([[], ""]);
  expect(err).toContain(`deploy: `);
  expect(err).toContain(message);
  expect(err).toContain("See: npm run deploy -- --help\n");
});

test("a secret that was given as an argument is not repeated", async () => {
  const secret = "s3cr3t".repeat(20);
  for (const argv of [
    ["here", "-s", "x", `--token=${secret}`],
    ["here", "-s", "x", "--plan", secret],
  ]) {
    expect(await execute(deploy, argv)).toBe(2);
  }
  expect(err).toContain("unknown option '--token'");
  expect(err).toContain("option '--plan <plan>' argument 's3cr3ts...");
  expect(err).not.toContain(secret.slice(0, 20));
});

test("O19: a command that passes nothing on takes no argument after -- either", async () => {
  const plain = command({ name: "plain", summary: "Nothing.", run: () => void calls.push("ran") });
  expect(await execute(plain, ["--", "x"])).toBe(2);
  expect(err).toContain("too many arguments. Expected 0 arguments but got 1: x.");
  expect(calls).toEqual([]);
});

test("O19: --help describes everything and runs nothing, whatever else is given", async () => {
  expect(await execute(deploy, ["here", "--help"])).toBe(0);
  expect([calls, err]).toEqual([[], ""]);
  for (const part of [
    "Usage: npm run deploy -- [options] <place> [files...] [-- argument ...]",
    "Deploys.",
    "where to",
    "--stack <name>",
    'for which plan (default: "free")',
    "arguments of the tool",
    "COLOR  which colour",
    "Exit codes: 0 done; 1 it failed; 2 wrong use.",
    "npm run deploy -- here --stack prod",
  ]) {
    expect(out).toContain(part);
  }
  expect(out).not.toMatch(/default: (false|none)/);
});

test("O19: a group suggests the nearest subcommand, and names the help of the right one", async () => {
  const group = commandGroup({ name: "stacks", summary: "Stacks.", commands: [deploy] });
  expect(await execute(group, ["depoly"])).toBe(2);
  expect(err).toContain("stacks: unknown command 'depoly'\n(Did you mean deploy?)");
  expect(await execute(group, [])).toBe(2);
  expect(err).toContain("Usage: npm run stacks -- [options] [command]");
  err = "";
  expect(await execute(group, ["deploy", "here"])).toBe(2);
  expect(err).toContain("See: npm run stacks -- deploy --help");
  expect(await execute(group, ["deploy", "--help"])).toBe(0);
  expect(out).toContain("  npm run stacks -- deploy here --stack prod");
  expect(calls).toEqual([]);
  expect(await execute(group, ["deploy", "here", "-s", "x"])).toBe(0);
});

class OutOfPaper extends Error {
  override name = "OutOfPaper";
}
const systemError = Object.assign(new Error("ENOSPC: no space left on device, write"), { syscall: "write" });
const sqliteError = (errcode: number) =>
  Object.assign(new Error("SQLite says no"), { code: "ERR_SQLITE_ERROR", errcode });

/** Throws what is no Error too. */
function fail(thrown: unknown): never {
  throw thrown;
}

test.each([
  ["CommandError", 1, new CommandError("the disk is full")],
  ["UsageError", 2, new UsageError("the file is empty")],
  ["an error with a class of its own", 1, new OutOfPaper("fill the tray")],
  ["an error of the operating system", 1, systemError],
  ["SQLITE_FULL", 1, sqliteError(13)],
  ["SQLITE_CANTOPEN_ISDIR", 1, sqliteError(14 | (2 << 8))],
])("O17: an expected failure is its message, without a stack: %s", async (_what, code, error) => {
  const failing = command({ name: "failing", summary: "Fails.", run: () => fail(error) });
  expect(await execute(failing, [])).toBe(code);
  expect(err).toBe(`failing: ${error.message}\n`);
});

test("a command whose exit code 1 is a finding fails with its own code, and controls no terminal", async () => {
  const failing = (failureCode?: 2) =>
    command({
      ...{ name: "failing", summary: "Fails.", ...(failureCode && { failureCode }) },
      run: () => fail(new CommandError("one\u001b[2J\u202e\n\ttwo")),
    });
  expect(await execute(failing(2), [])).toBe(2);
  expect(err).toBe("failing: one?[2J?\n two\n");
  expect(await execute(failing(), [])).toBe(1);
});

test.each([
  ["TypeError", new TypeError("x is not a function")],
  ["Error", new Error("invariant")],
  ["SQLITE_ERROR", sqliteError(1)],
  ["a text", "text"],
])("O17: a bug is shown whole and called a bug: %s", async (_what, error) => {
  const shown: unknown[] = [];
  jest.spyOn(console, "error").mockImplementation((line) => void shown.push(line));
  const failing = command({ name: "failing", summary: "Fails.", run: () => fail(error) });
  expect(await execute(failing, [])).toBe(1);
  expect(shown).toEqual(["failing: this should not have happened; please report it.", error]);
});

test("given options are written as the program behind the command reads them", () => {
  expect(givenOptions(options, { stack: "x", yes: true, size: 3, plan: "free", host: ["a", "b"] })).toEqual([
    "--stack=x",
    "--yes",
    "--size=3",
    "--host=a",
    "--host=b",
  ]);
  expect(givenOptions(options, { stack: "x", yes: false, size: undefined, plan: "pro", host: [] })).toEqual([
    "--stack=x",
    "--plan=pro",
  ]);
});
