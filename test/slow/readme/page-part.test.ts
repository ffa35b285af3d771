import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { FollowedCopy } from "./followed-copy.ts";
import { followStep, readSteps } from "./steps.ts";

const PARTS = "backend/page/parts.ts";

let copy: FollowedCopy;
beforeAll(() => {
  copy = new FollowedCopy();
});
afterAll(() => copy.remove());

/** Adds the part to the list of parts, with its import, as the README says. */
function addPart(): void {
  const [imported = ""] = /import \{ todosPart \}[^`\n]*;/.exec(readFileSync("README.md", "utf8")) ?? [];
  const file = join(copy.root, PARTS);
  const list = readFileSync(file, "utf8");
  const [, before = "", parts = "", after = ""] = /^(.*= \[)(.*?),?\s*(\].*)$/s.exec(list) ?? [];
  const separator = parts.trim() === "" ? "" : ",";
  writeFileSync(file, `${imported}\n${before}${parts}${separator}todosPart${after}`);
}

test("the README's words show a feature on the page: HTML, program, types", () => {
  for (const step of readSteps("Add a feature")) followStep(copy.root, step);
  const steps = readSteps("Show a feature on the page");
  expect(steps.map(({ file }) => file)).toEqual(["backend/page/todos/screen.html", "backend/page/todos/index.ts"]);
  for (const step of steps) followStep(copy.root, step);
  addPart();
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const inCopy = { cwd: copy.root, encoding: "utf8" } as const;
  execFileSync(process.execPath, [tsc, "--noEmit", "-p", "backend/page"], inCopy);
  const script = `
    const { loadAssets } = await import("./backend/page/index.ts");
    const assets = await loadAssets();
    console.log(JSON.stringify(["/", "/app.js"].map((path) => assets.get(path).body.toString())));`;
  const node = ["--input-type=module", "-e", script];
  const [html, program] = JSON.parse(execFileSync(process.execPath, node, inCopy));
  expect(html).toMatch(/<main class="screen" aria-labelledby="todos-title">.*<main id="home"/s);
  expect(program).toContain("todosPart");
});
