import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Edits, followFiles, partsOf } from "../../../scripts/edits/edited-files.ts";

test.each([
  ["infra/policy/custom-rules/scanner-paths.ts", ["policy"]],
  ["infra/policy/stories/guessing.json", ["policy"]],
  ["backend/chat/surface.ts", ["policy", "backend"]],
  ["backend/features.ts", ["policy", "backend"]],
  ["backend/surface/grammar.ts", ["policy", "backend"]],
  ["backend/chat/rooms/store.ts", ["backend"]],
  ["backend/page/app.css", ["page"]],
  ["backend/page/chat/rooms.html", ["page"]],
  ["backend/page/index.ts", ["backend"]],
  ["backend/page/surface.ts", ["policy", "backend"]],
  ["infra/local/edge/index.ts", ["command"]],
  ["scripts/dev.ts", ["command"]],
  ["infra/policy/README.md", []],
  ["backend/chat/.index.ts.swp", []],
  ["backend/chat/index.ts~", []],
  ["backend/chat/4913", []],
  ["test/docs/docs.test.ts", []],
] as const)("D2: an edit of %s changes %j", (path, parts) => {
  expect(partsOf(path)).toEqual(parts);
});

let folder: string;
let close: () => Promise<void>;
const reported: Edits[] = [];
let wake: () => void = () => {};

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "causeway-edits-")));
  mkdirSync(join(folder, "elsewhere"));
  for (const part of ["backend/chat", "infra", "cloudflared", "scripts"]) {
    mkdirSync(join(folder, "project", part), { recursive: true });
  }
  write("package.json", "{}");
  write("backend/chat/index.ts", "1");
  writeFileSync(join(folder, "elsewhere/linked.ts"), "1");
  symlinkSync(join(folder, "elsewhere"), join(folder, "project/backend/linked"));
  reported.length = 0;
  ({ close } = await followFiles(
    join(folder, "project"),
    (edits) => {
      reported.push(edits);
      wake();
    },
    (error) => {
      throw error;
    },
  ));
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true });
});

const write = (path: string, text: string) => writeFileSync(join(folder, "project", path), text);
const reports = (count: number) =>
  new Promise<void>((resolve) => {
    wake = () => reported.length >= count && resolve();
    wake();
  });

test("D2: edits that come together are one batch; later ones are another; new files count", async () => {
  write("backend/chat/index.ts", "2");
  write("backend/chat/notes.md", "2");
  write("backend/chat/new.ts", "2");
  await reports(1);
  expect(reported).toEqual([{ files: ["backend/chat/index.ts", "backend/chat/new.ts"], parts: new Set(["backend"]) }]);
  mkdirSync(join(folder, "project/backend/todos"));
  write("backend/todos/surface.ts", "2");
  await reports(2);
  expect(reported[1]).toEqual({ files: ["backend/todos/surface.ts"], parts: new Set(["policy", "backend"]) });
});

test("D2: an editor that writes another file and renames it has edited the file of that name", async () => {
  for (const text of ["2", "3"]) {
    write("backend/chat/sedX1y2", text);
    renameSync(join(folder, "project/backend/chat/sedX1y2"), join(folder, "project/backend/chat/index.ts"));
    const count = text === "2" ? 1 : 2;
    await reports(count);
    expect(reported[count - 1]?.files).toEqual(["backend/chat/index.ts"]);
  }
});

test("D2: files behind a symbolic link are followed under the name in the project", async () => {
  writeFileSync(join(folder, "elsewhere/linked.ts"), "2");
  await reports(1);
  expect(reported[0]?.files).toEqual(["backend/linked/linked.ts"]);
});
