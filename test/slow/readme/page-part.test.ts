import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const readme = readFileSync("README.md", "utf8");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-part-"));
  for (const part of ["backend", "package.json", "tsconfig.json"]) {
    cpSync(part, join(folder, part), { recursive: true });
  }
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes the code blocks of a section into the files that its steps name. Returns these files. */
function follow(heading: string): readonly string[] {
  const [, section = ""] = new RegExp(`^### ${heading}\\n(.*?)^##`, "ms").exec(readme) ?? [];
  const steps = section.matchAll(
    /^\d\. [^\n]*?in `(backend\/[\w./]+\/[\w.-]+)`[^\n]*?\n.*?```(?:ts|html)\n(.*?)```/gms,
  );
  return [...steps].flatMap(([, file = "", code = ""]) => {
    if (file === "backend/features.ts") return [];
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code.replace(/^ {3}/gm, ""));
    return [file];
  });
}

/** Adds an import and an element to a list, as the README says. */
function addToList(file: string, imported: RegExp, element: string): void {
  const [wanted = ""] = imported.exec(readme) ?? [];
  const list = readFileSync(join(folder, file), "utf8");
  const [, before = "", elements = "", after = ""] = /^(.*= \[)(.*?),?\s*(\].*)$/s.exec(list) ?? [];
  writeFileSync(
    join(folder, file),
    `${wanted}\n${before}${elements.trim() === "" ? "" : `${elements},`}${element}${after}`,
  );
}

test("the README's words show a feature on the page: HTML, program, types", () => {
  follow("Add a feature");
  const feature = '{ name: "todos", surface: todosSurface, load: () => import("./todos/index.ts") }';
  addToList("backend/features.ts", /import \{ todosSurface \}[^`\n]*;/, feature);
  expect(follow("Show a feature on the page")).toEqual([
    "backend/page/todos/screen.html",
    "backend/page/todos/index.ts",
  ]);
  addToList("backend/page/parts.ts", /import \{ todosPart \}[^`\n]*;/, "todosPart");
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "--noEmit", "-p", "backend/page"], { cwd: folder, encoding: "utf8" });
  const script = `
    const { loadAssets } = await import("./backend/page/index.ts");
    const assets = await loadAssets();
    console.log(JSON.stringify(["/", "/app.js"].map((path) => assets.get(path).body.toString())));`;
  const node = ["--input-type=module", "-e", script];
  const [html, program] = JSON.parse(execFileSync(process.execPath, node, { cwd: folder, encoding: "utf8" }));
  expect(html).toMatch(/<main class="screen" aria-labelledby="todos-title">.*<main id="home"/s);
  expect(program).toContain("todosPart");
});
