import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";
import { anchors, links, pages } from "./markdown.ts";

test("H9: every link of a page leads to a file, and its anchor to a heading", () => {
  expect(pages).toContain("ARCHITECTURE.md");
  const broken = pages.flatMap((page) =>
    links(page)
      .filter((target) => {
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? page : join(dirname(page), path);
        if (!existsSync(file)) return true;
        return anchor !== undefined && file.endsWith(".md") && !anchors(file).has(anchor);
      })
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test("H9: the pages that a contributor looks for are there", () => {
  const wanted = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
  expect(pages).toEqual(expect.arrayContaining(wanted));
  for (const file of ["LICENSE", ".editorconfig", ".nvmrc"]) expect(existsSync(file)).toBe(true);
});

test("H9: SECURITY says how to report in private, and makes up no address", () => {
  const text = readFileSync("SECURITY.md", "utf8");
  expect(text).toContain("Report a vulnerability");
  expect(text).toContain("## Supported versions");
  expect(text).not.toMatch(/[\w.+-]+@[\w-]+\.\w+/);
});

test("H9: the license is MIT in the file and in package.json, by the Causeway authors", () => {
  const { license } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(license).toBe("MIT");
  expect(readFileSync("LICENSE", "utf8")).toMatch(/^MIT License\n\nCopyright \(c\) \d{4} the Causeway authors\n/);
});

test("H9: .nvmrc names the version of Node.js that the packages bring", () => {
  const { optionalDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  const wanted = readFileSync(".nvmrc", "utf8").trim();
  for (const version of Object.values<string>(optionalDependencies)) expect(version.split(".")[0]).toBe(wanted);
});
