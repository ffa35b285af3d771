import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { licencesOf } from "../../../scripts/bundle-build/licences.ts";

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "causeway-licences-"));
});
afterEach(() => rmSync(work, { recursive: true }));

/** Makes a package of these files. Returns one of its sources. */
function makePackage(name: string, facts: object, files: Readonly<Record<string, string>> = {}): string {
  const folder = join(work, "node_modules", name);
  const all = { ...files, "package.json": JSON.stringify({ name, version: "1.2.3", ...facts }), "lib/index.js": "" };
  for (const [file, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return join(folder, "lib/index.js");
}

test("O20: licences come from files, from the README, or are the text that package.json names", () => {
  const sources = [
    makePackage("@scope/files", { license: "ISC" }, { "LICENSE.md": "the text", NOTICE: "the notice" }),
    makePackage("readme", { license: "MIT" }, { "README.md": "# A\n\nB\n\n## License\n\nCopyright C\nand terms\n" }),
    makePackage("named", { license: "MIT", author: { name: "Ada" } }),
    makePackage("within/node_modules/inner", { name: "inner", license: "ISC" }, { LICENCE: "inner text" }),
    join(work, "backend/main.ts"),
  ];
  const text = licencesOf([...sources, ...sources], ["/*! a comment */"]);
  expect(text).toMatch(/\n@scope\/files 1\.2\.3 \(ISC\)\n\nthe text\n\nthe notice\n\n=/);
  expect(text).toMatch(/\nreadme 1\.2\.3 \(MIT\)\n\nCopyright C\nand terms\n\n=/);
  expect(text).toMatch(/\nnamed 1\.2\.3 \(MIT\)\n\nMIT License\n\nCopyright \(c\) Ada\n\nPermission is hereby granted/);
  expect(text).toMatch(/\ninner 1\.2\.3 \(ISC\)\n\ninner text\n/);
  expect(text).toContain("/*! a comment */");
  expect(text.match(/ 1\.2\.3 \(/g)).toHaveLength(4);
});

test("O20: a package without a licence, or without its text, is refused", () => {
  expect(() => licencesOf([makePackage("none", {})], [])).toThrow("names no licence");
  expect(() => licencesOf([makePackage("bare", { license: "ISC" })], [])).toThrow("bare (ISC) has no licence text");
});
