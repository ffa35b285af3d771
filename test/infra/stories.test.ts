// F2, F16: a story that is not run never looks like one that holds.
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { provePolicy } from "../../infra/policy/index.ts";
import { readStories } from "../../infra/stories.ts";
import { site } from "./policy/site.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-stories-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const STORY = JSON.stringify({ story: "a", steps: [{ request: "GET /", expect: "pass" }] });

/** The proof of a policy without rules, with the stories of the folder. */
function proved() {
  const { diagnostics, stories } = provePolicy({
    rulesets: [],
    lists: [],
    stories: readStories(folder),
    site,
    plan: "free",
  });
  return { stories, problems: diagnostics.map(({ code, file, message }) => [code, file.split("/").at(-1), message]) };
}

test("F2: a folder of stories that is missing is an error; one without stories is none", () => {
  writeFileSync(join(folder, ".gitkeep"), "");
  writeFileSync(join(folder, "README.md"), "");
  expect(proved()).toEqual({ stories: 0, problems: [] });
  rmSync(folder, { recursive: true });
  const message = expect.stringMatching(/^the folder of the stories cannot be read: ENOENT.*bring it back/);
  expect(proved()).toEqual({ stories: 0, problems: [["story-unreadable", expect.any(String), message]] });
});

test("F2: the shipped stories are read by the name of their file", () => {
  expect(readStories().map(({ file }) => file)).toContain("infra/policy/stories/scanner.json");
});

test("F16: stories in a folder below, with another ending or too large are named", () => {
  writeFileSync(join(folder, "a.json"), STORY);
  writeFileSync(join(folder, "B.JSON"), STORY);
  mkdirSync(join(folder, "below"));
  writeFileSync(join(folder, "below/c.json"), STORY);
  mkdirSync(join(folder, "d.json"));
  writeFileSync(join(folder, "large.json"), "");
  truncateSync(join(folder, "large.json"), 5_000_000);
  const isFolder = expect.stringContaining("it is a folder");
  expect(proved()).toEqual({
    stories: 1,
    problems: [
      ["story-unreadable", "B.JSON", expect.stringContaining("ends with .json")],
      ["story-unreadable", "below", isFolder],
      ["story-unreadable", "d.json", isFolder],
      ["story-unreadable", "large.json", expect.stringContaining("it has 5000000 bytes, more than 4194304")],
    ],
  });
});
