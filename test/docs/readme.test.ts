import { readFileSync, statSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { features } from "../../backend/features.ts";
import { GENERAL_CODES } from "../../backend/surface/codes.ts";
import { files } from "./files.ts";
import { anchors, codes, links, rows, section } from "./markdown.ts";

const readme = readFileSync("README.md", "utf8");
const ignored = readFileSync(".gitignore", "utf8").split("\n");

test("D9: the README shows the page in a picture of at most 150 kB, and says when not to use this", () => {
  const pictures = links("README.md").filter((target) => target.endsWith(".png"));
  expect(pictures).toHaveLength(1);
  for (const picture of pictures) {
    expect(readFileSync(picture).subarray(1, 4).toString()).toBe("PNG");
    expect(statSync(picture).size).toBeLessThan(150_000);
  }
  expect(anchors("README.md")).toContain("when-not-to-use-this");
});

test("D9: the README says what npm ci takes, and where its warnings come from", () => {
  expect(readme).toMatch(/`npm ci` takes about \d+ MB/);
  expect(readme).toContain("EBADENGINE");
});

test("every npm script that the README names exists", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const named = [...readme.matchAll(/\bnpm run ([a-z][\w:]*)/g)].map(([, name = ""]) => name);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test("every command that npm can run is in the README", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const words: Readonly<Record<string, string>> = { start: "npm start", test: "npm test" };
  expect(Object.keys(scripts).filter((name) => !readme.includes(words[name] ?? `npm run ${name}`))).toEqual([]);
});

test("D8: Git and the checks ignore every data folder, also the `.data-2` that a start proposes", () => {
  expect(ignored).toContain(".data*/");
});

test("D8: the README puts scripts of the developer into a folder that Git and the checks ignore", () => {
  const scripts = [...readme.matchAll(/`([\w./-]*-client\.ts)`/g)].map(([, path = ""]) => path);
  expect(scripts.toSorted()).toEqual(["local/jobs-client.ts", "local/my-client.ts"]);
  expect(ignored).toContain("/local/");
});

test("D4: the README has each general code with its status, and each member that a feature's surface has", () => {
  const listed = rows(section("README.md", "### Refuse a request")).flatMap(([status, cell = ""]) =>
    codes(cell).map((code) => [code, Number(status)]),
  );
  expect(listed.toSorted()).toEqual(
    Object.entries(GENERAL_CODES)
      .map(([code, [status]]) => [code, status])
      .toSorted(),
  );
  const members = rows(section("README.md", "### What a feature declares")).flatMap(([cell = ""]) => codes(cell));
  expect(members).toEqual(expect.arrayContaining(features.flatMap(({ surface }) => Object.keys(surface))));
});

test("what no recording has is in the README's list, and marked in the code: `Unrecorded (NAME, NAME):`", () => {
  const sources = files.filter((path) => path.startsWith("infra/local/")).map((path) => readFileSync(path, "utf8"));
  const texts = sources.map((text) => text.replaceAll(/\n +\* /g, " "));
  const marks = texts.flatMap((text) =>
    [...text.matchAll(/\bUnrecorded \(([\w, ]+)\):/g)].map(([, names = ""]) => names),
  );
  // each mark has the form that is read here
  expect(marks).toHaveLength(texts.flatMap((text) => [...text.matchAll(/\bunrecorded\b/gi)]).length);
  const [, list = ""] = section("README.md", "## How close the local Cloudflare is").split("`Unrecorded` in the code.");
  const listed = codes(list.split("\n\n")[0] ?? "");
  expect(new Set(listed)).toEqual(new Set(marks.flatMap((names) => names.split(", "))));
  expect(listed.length).toBeGreaterThan(10);
});
