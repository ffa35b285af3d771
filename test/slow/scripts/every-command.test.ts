// Every npm script of this project, called for its help and called wrongly.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "@jest/globals";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const { scripts }: { scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(ROOT, "package.json"), "utf8"),
);
const MAX_LINES = 60;
/** What commander takes where the output is no terminal. */
const HELP_COLUMNS = 80;

const folder = mkdtempSync(join(tmpdir(), "causeway-commands-"));
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * Runs an npm script in an empty folder. Node.js may read files, and nothing else but its cache is allowed: a process,
 * a thread, a listening port, a connection or a written file is ERR_ACCESS_DENIED
 * (https://nodejs.org/api/permissions.html).
 */
function run(name: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const words = (scripts[name] ?? "").split(" ");
  expect(words.slice(0, 2)).toEqual(["node", "scripts/run.mjs"]);
  const cache = join(ROOT, "node_modules/.cache"); // of compiled code, without which this test takes four times as long
  const flags = ["--permission", "--allow-fs-read=*", `--allow-fs-write=${cache}`, join(ROOT, "scripts/run.mjs")];
  const env = { PATH: process.env.PATH, DATA_DIR: join(folder, "data"), HOME: folder, TMPDIR: folder };
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, ...words.slice(2), ...args], { cwd: folder, env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

/** The subcommands that a help page lists. */
function subcommands(help: string): readonly string[] {
  const list = help.split("\nCommands:\n")[1] ?? "";
  return [...list.matchAll(/^ {2}([a-z]\S*)/gm)].map(([, name = ""]) => name);
}

/** Lines of the description after which the next word would have fitted. Its indented lines are not text. */
function earlyBreaks(help: string): readonly string[] {
  const [, description = ""] = /^Usage: .*\n\n([\s\S]*?)\n\n(?:Arguments|Options):/.exec(help) ?? [];
  const lines = description.split("\n");
  return lines.filter((line, index) => {
    const next = lines[index + 1] ?? "";
    const isText = /^\S/.test(line) && /^\S/.test(next);
    return isText && line.length + 1 + (next.split(" ")[0] ?? "").length <= HELP_COLUMNS;
  });
}

test.concurrent.each(Object.keys(scripts))(
  "O19: %s has help of one page, refuses an unknown argument, and does nothing else",
  async (name) => {
    const pages = [await run(name, "--help")];
    for (const command of subcommands(pages[0]?.out ?? "")) pages.push(await run(name, command, "--help"));
    for (const { code, out, err } of pages) {
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toMatch(new RegExp(`^Usage: npm (run )?${name} -- .*\\n\\n[A-Z]`));
      expect(out).toContain("-h, --help");
      expect(out.split("\n").length).toBeLessThanOrEqual(MAX_LINES);
      expect(earlyBreaks(out)).toEqual([]);
    }
    const wrong = pages.length > 1 ? ["option '--no-such'", "command 'no-such'"] : ["option '--no-such'"];
    for (const what of wrong) {
      const { code, out, err } = await run(name, what.split("'")[1] ?? "");
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toContain(`${name}: unknown ${what}`);
      expect(err).toContain(`See: npm ${name === "start" || name === "test" ? "" : "run "}${name} -- --help`);
    }
    expect(readdirSync(folder)).toEqual([]);
  },
);
