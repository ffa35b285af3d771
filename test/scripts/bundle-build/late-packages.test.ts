import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { build } from "esbuild";
import { LATE_PACKAGES, latePackages } from "../../../scripts/bundle-build/late-packages.ts";

/** A package of a package, which the project does not import. */
const PARSERS = "body-parser";

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "causeway-late-"));
});
afterEach(() => rmSync(work, { recursive: true }));

/** Stands for a package, and notes that it was run. */
const packageNoting = (name: string, code: string) => `(globalThis.ran ??= []).push("${name}");\n${code}`;

const FILES: Readonly<Record<string, string>> = {
  "node_modules/pg/index.js": packageNoting("pg", "exports.Pool = class { size = 3; };"),
  "node_modules/nats/index.js": packageNoting("nats", "exports.connect = async ({ port }) => port;"),
  "node_modules/glob/index.js": packageNoting("glob", "exports.globSync = (pattern) => [pattern];"),
  "node_modules/body-parser/index.js": packageNoting("body-parser", "exports.json = () => 'parser';"),
  "node_modules/args/index.js": packageNoting("args", "exports.parse = (line) => line.length;"),
  "node_modules/accepts/index.js": packageNoting("accepts", "module.exports = (request) => request.type;"),
  "node_modules/framework/index.js": `
    const { globSync } = require("glob");
    const parsers = require("body-parser");
    const args = require("args");
    const accepts = require("accepts");
    module.exports = {
      find: () => globSync("*"),
      parser: (name) => name in parsers && parsers[name](),
      other: () => [args.parse("four"), accepts({ type: "gzip" })],
    };`,
  "main.js": `
    import framework from "framework";
    import { connect } from "nats";
    import pg from "pg";
    const atStart = globalThis.ran ?? [];
    const used = [new pg.Pool().size, await connect({ port: 4222 }), framework.find(), framework.parser("json")];
    used.push(framework.other());
    console.log(JSON.stringify([atStart, used, framework.parser("yaml"), globalThis.ran]));`,
};

/** Bundles and runs `main.js`, and returns what it prints. */
async function printed(main?: string): Promise<unknown> {
  for (const [name, text] of Object.entries({ ...FILES, ...(main !== undefined && { "main.js": main }) })) {
    mkdirSync(dirname(join(work, name)), { recursive: true });
    writeFileSync(join(work, name), text);
  }
  const outfile = join(work, "out.mjs");
  const settings = { bundle: true, platform: "node", format: "esm", logLevel: "silent" } as const;
  await build({ ...settings, entryPoints: [join(work, "main.js")], outfile, plugins: [latePackages] });
  return JSON.parse(execFileSync(process.execPath, [outfile], { encoding: "utf8" }));
}

test("O20: packages that most backends never use run when they are used, once, and not at the start", async () => {
  const used = [3, 4222, ["*"], "parser", [4, "gzip"]];
  const ran = ["pg", "nats", "glob", "body-parser", "args", "accepts"];
  expect(await printed()).toEqual([[], used, false, ran]);
});

test("O20: an import of a name that is not listed fails the build", async () => {
  await expect(printed('import { jwtAuthenticator } from "nats";\nconsole.log(jwtAuthenticator);\n')).rejects.toThrow(
    /No matching export/,
  );
});

test("O20: every listed name is one of its package", () => {
  const require = createRequire(import.meta.url);
  const listed = Object.entries(LATE_PACKAGES).flatMap(([path, code]) =>
    [...code.matchAll(/^export const (\w+)/gm)].map(([, name = ""]) => ({ path, name })),
  );
  expect(listed.map(({ path }) => path)).toEqual(expect.arrayContaining(["nats", "nodemailer", "body-parser"]));
  for (const { path, name } of listed) expect(typeof require(path)[name]).toBe("function");
  for (const [path] of Object.entries(LATE_PACKAGES).filter(([, code]) => code.startsWith("module.exports = (")))
    expect(typeof require(path)).toBe("function");
  // the framework looks for its parsers by name
  const parsers = listed.filter(({ path }) => path === PARSERS).map(({ name }) => name);
  expect(parsers).toEqual(Object.keys(require(PARSERS)).sort());
});
