import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-failure-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const FAILURE = new URL("../../../scripts/command-line/failure.ts", import.meta.url).href;

/** Whether a failure of this code is taken for that of a file that cannot be loaded. `code` runs in a function. */
function isLoadFailure(code: string): string {
  const main = `import { isLoadFailure } from "${FAILURE}";
async function run() {
  ${code}
}
await (async () => { try { await run(); } catch (error) { console.log(isLoadFailure(error)); } })();`;
  writeFileSync(join(folder, "main.mts"), main);
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, "main.mts")], { encoding: "utf8" });
  return (stdout + stderr).trim();
}

test.each([
  ["does not parse", "const a = { b: 0 c: 1 };\nexport {};"],
  ["imports a name that does not exist", 'import { nothing } from "node:path";\nexport {};'],
  ["throws while it is loaded", "const max = (o?: any) => o.max;\nexport const five = max();"],
])("a file that %s is one that the user corrects", (_what, text) => {
  writeFileSync(join(folder, "surface.ts"), text);
  expect(isLoadFailure('await import("./surface.ts");')).toBe("true");
});

test.each([
  ["at once", 'throw new TypeError("bug");'],
  ["later", 'await null; throw new TypeError("bug");'],
  ["in JSON", 'JSON.parse("{");'],
  ["in a function of a loaded file", 'const { fails } = await import("./surface.ts"); fails();'],
])("what a command itself throws is a bug: %s", (_what, code) => {
  writeFileSync(join(folder, "surface.ts"), 'export function fails() { throw new TypeError("bug"); }');
  expect(isLoadFailure(code)).toBe("false");
});
