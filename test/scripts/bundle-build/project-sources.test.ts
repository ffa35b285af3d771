import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type BuildFailure, build } from "esbuild";
import { NEEDED_NODE } from "../../../scripts/bundle-build/facts.ts";
import { type DataFile, importedFiles, projectSources } from "../../../scripts/bundle-build/project-sources.ts";

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "causeway-sources-"));
});
afterEach(() => rmSync(work, { recursive: true }));

/** Bundles these files from `main.ts` on. Returns the data that they read, or the mistakes. */
async function bundle(files: Readonly<Record<string, string>>): Promise<readonly DataFile[] | readonly string[]> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(work, name)), { recursive: true });
    writeFileSync(join(work, name), text);
  }
  const data: DataFile[] = [];
  try {
    await build({
      entryPoints: [join(work, "main.ts")],
      bundle: true,
      write: false,
      platform: "node",
      format: "esm",
      logLevel: "silent",
      plugins: [projectSources(data)],
    });
    return data.filter(({ source }) => source.startsWith(work));
  } catch (error) {
    return (error as BuildFailure).errors.map(({ text, location }) => `${location?.line}: ${text}`);
  }
}

test("O20: files that a source reads beside it come into the bundle", async () => {
  const read = 'import "./a/b.ts";\nconsole.log(new URL("words.json", import.meta.url));\n';
  const deeper = 'console.log(new URL("data/more.json", import.meta.url));\n';
  expect(await bundle({ "main.ts": read, "a/b.ts": deeper })).toEqual([
    { path: "program/words.json", source: join(work, "words.json") },
    { path: "program/data/more.json", source: join(work, "a/data/more.json") },
  ]);
});

test("O20: two files of one name, and files that a bundle cannot have, are mistakes", async () => {
  const read = 'console.log(new URL("words.json", import.meta.url));\n';
  expect(await bundle({ "main.ts": `import "./a/b.ts";\n${read}`, "a/b.ts": read })).toEqual([
    expect.stringContaining("has the same name"),
  ]);
  expect(await bundle({ "main.ts": "\nconsole.log(import.meta.dirname);\n" })).toEqual([
    expect.stringMatching(/^2: import\.meta\.dirname finds nothing in a bundle\. Read a file/),
  ]);
  expect(await bundle({ "main.ts": 'console.log(new URL("../up.json", import.meta.url));\n' })).toEqual([
    expect.stringMatching(/^1: import\.meta\.url finds nothing/),
  ]);
  const start = 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);\n';
  expect(await bundle({ "main.ts": `${start}console.log(require("pack/words.json"));\n` })).toEqual([
    expect.stringMatching(/^3: require\("pack\/words\.json"\) finds nothing/),
  ]);
  expect(await bundle({ "main.ts": `${start}console.log(require("#words"), require("node:fs"));\n` })).toEqual([]);
});

test("O20: what package.json names for sources is in the bundle", () => {
  const [file] = Object.values(importedFiles());
  expect(file?.path).toBe("program/common-passwords.json");
  expect(JSON.parse(readFileSync(file?.source ?? "", "utf8")).length).toBeGreaterThan(40_000);
});

test("O20: a bundle needs the same Node.js as the project", () => {
  expect(readFileSync("scripts/run.mjs", "utf8")).toContain(`const needed = [${NEEDED_NODE.join(", ")}];`);
});
