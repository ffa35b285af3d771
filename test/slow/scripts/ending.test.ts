// How the long-running commands end, with real trees of processes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { choosePorts } from "../../../scripts/local-site/ports.ts";
import { childrenOf, STARTS, startTree, type Tree } from "./process-tree.ts";

/** What happens to a tree of processes. */
const ENDINGS = {
  "SIGTERM to the first process": ({ first }: Tree) => first.kill("SIGTERM"),
  "SIGINT to the first process": ({ first }: Tree) => first.kill("SIGINT"),
  "SIGKILL to the first process": ({ first }: Tree) => first.kill("SIGKILL"),
  "SIGTERM to all, as a service manager": ({ first }: Tree) => process.kill(-first.pid, "SIGTERM"),
  "SIGINT to all, as Ctrl-C": ({ first }: Tree) => process.kill(-first.pid, "SIGINT"),
  "SIGHUP to all, as a closed terminal": ({ first }: Tree) => process.kill(-first.pid, "SIGHUP"),
  "SIGTERM to the shell": ({ first }: Tree) => process.kill(childrenOf(first.pid)[0] ?? Number.NaN, "SIGTERM"),
  "SIGKILL to the shell": ({ first }: Tree) => process.kill(childrenOf(first.pid)[0] ?? Number.NaN, "SIGKILL"),
} as const;

/** A tree that has not ended by then is killed, so that a failed test leaves no process behind. */
const LIMIT_MS = 40_000;

/**
 * Starts a command in a folder of its own, waits for a line, plays an ending, and returns all output when all have
 * ended.
 */
async function play(
  command: string,
  [start, ending]: readonly [start: keyof typeof STARTS, ending: keyof typeof ENDINGS],
  running: RegExp,
): Promise<{ code: number | null; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), "causeway-ending-"));
  try {
    if (command === "start")
      await choosePorts(folder, { edge: 0, gateway: 0, api: 0, tunnel: 0, reload: 0, console: 0 });
    const env = { DATA_DIR: folder, DRAIN_SECONDS: "1", ...(command === "backend" && { PORT: "0" }) };
    const tree = startTree(STARTS[start](command, folder), env);
    const limit = setTimeout(() => process.kill(-tree.first.pid, "SIGKILL"), LIMIT_MS);
    await tree.saw(running);
    ENDINGS[ending](tree);
    const result = await tree.ended;
    clearTimeout(limit);
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// npm passes SIGINT to its shell, which waits for the command instead of telling it: nothing reaches the command then.
test.concurrent.each([
  ["node", "SIGTERM to the first process"],
  ["node", "SIGINT to the first process"],
  ["npm", "SIGTERM to the first process"],
  ["npm", "SIGKILL to the first process"],
  ["npm", "SIGTERM to the shell"],
  ["npm", "SIGKILL to the shell"],
  ["npm", "SIGTERM to all, as a service manager"],
  ["npm", "SIGINT to all, as Ctrl-C"],
  ["npm", "SIGHUP to all, as a closed terminal"],
  ["an older Node.js", "SIGTERM to the first process"],
  ["an older Node.js", "SIGINT to the first process"],
  ["an older Node.js", "SIGKILL to the first process"],
  ["an older Node.js", "SIGTERM to all, as a service manager"],
  ["an older Node.js", "SIGINT to all, as Ctrl-C"],
] as const)("O13: the backend, started by %s, ends in order: %s", async (start, ending) => {
  const { code, output } = await play("backend", [start, ending], /"backend started"/);
  expect(output.match(/"backend stopped"/g)).toHaveLength(1);
  if (start !== "npm" && !ending.startsWith("SIGKILL")) expect(code).toBe(0);
});

test.concurrent.each([
  ["npm", "SIGTERM to the first process"],
  ["npm", "SIGTERM to all, as a service manager"],
  ["an older Node.js", "SIGKILL to the first process"],
] as const)("O13: the kit, started by %s, ends in order: %s", async (start, ending) => {
  const { output } = await play("start", [start, ending], /Causeway is up/);
  expect(output).toMatch(/SIGTERM: ending/);
  expect(output).toMatch(/\nended\n/);
});
