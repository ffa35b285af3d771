import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { refuseUsedFolder, writeFolder } from "../../../scripts/bundle-build/write-folder.ts";

let work: string;
let target: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "causeway-write-"));
  target = join(work, "bundle");
});
afterEach(() => rmSync(work, { recursive: true }));

const never = new AbortController().signal;
const modeOf = (file: string) => statSync(file).mode & 0o777;

test("O20: files come into a new or an empty folder, for every user to read, whatever the umask", async () => {
  writeFileSync(join(work, "source"), "copied");
  const before = process.umask(0o077);
  try {
    mkdirSync(target);
    await refuseUsedFolder(target);
    const run = { path: "run", content: "#!/bin/sh\n", isExecutable: true };
    const copy = { path: "a/b/copy", content: { copyOf: join(work, "source") } };
    await writeFolder(target, [run, copy], never);
  } finally {
    process.umask(before);
  }
  expect(readFileSync(join(target, "a/b/copy"), "utf8")).toBe("copied");
  expect(["", "run", "a/b", "a/b/copy"].map((name) => modeOf(join(target, name)))).toEqual([
    0o755, 0o755, 0o755, 0o644,
  ]);
  expect(readdirSync(work).sort()).toEqual(["bundle", "source"]);
});

test("O20: a signal between two files leaves nothing", async () => {
  const ending = new AbortController();
  const files = [
    { path: "first", content: "1" },
    {
      path: "second",
      get content() {
        ending.abort("SIGINT");
        return "2";
      },
    },
  ];
  await expect(writeFolder(target, files, ending.signal)).rejects.toBe("SIGINT");
  expect(readdirSync(work)).toEqual([]);
});

test("O20: a file that cannot be written leaves nothing", async () => {
  const files = [
    { path: "first", content: "1" },
    { path: "second", content: { copyOf: join(work, "none") } },
  ];
  await expect(writeFolder(target, files, never)).rejects.toThrow("ENOENT");
  expect(readdirSync(work)).toEqual([]);
});

test("O20: a folder that has got files meanwhile is left alone", async () => {
  mkdirSync(target);
  writeFileSync(join(target, "mine"), "mine");
  await expect(refuseUsedFolder(target)).rejects.toThrow("is not empty");
  await expect(writeFolder(target, [{ path: "run", content: "" }], never)).rejects.toThrow("is not empty");
  expect(readdirSync(target)).toEqual(["mine"]);
  expect(readdirSync(work)).toEqual(["bundle"]);
});

test("O20: a path that is a file, or in a folder that does not exist, is refused", async () => {
  writeFileSync(join(work, "file"), "");
  await expect(refuseUsedFolder(join(work, "file"))).rejects.toThrow("is a file");
  await expect(refuseUsedFolder(join(work, "none/bundle"))).rejects.toThrow(`${join(work, "none")} is no folder`);
  expect(existsSync(join(work, "none"))).toBe(false);
});
