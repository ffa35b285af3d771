import { existsSync } from "node:fs";
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
