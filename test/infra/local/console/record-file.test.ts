import { mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { RECORD_FORMAT } from "../../../../infra/local/console/index.ts";
import { RecordFile } from "../../../../infra/local/console/record-file.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "causeway-record-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const FIRST = JSON.stringify(RECORD_FORMAT);
const linesOf = async (file: string) => (await readFile(file, "utf8")).trimEnd().split("\n");
const noWarning = (line: string) => {
  throw new Error(line);
};

test("is a versioned file for its owner alone, to which the next run appends", async () => {
  const file = join(folder, "appended.ndjson");
  for (const line of ['{"seq":1}', '{"seq":2}']) {
    const record = new RecordFile(file, noWarning);
    record.append(Buffer.from(line));
    await record.close();
  }
  expect(await linesOf(file)).toEqual([FIRST, '{"seq":1}', '{"seq":2}']);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("ends a line that a kill cut off, and moves away what another version wrote", async () => {
  const cut = join(folder, "cut.ndjson");
  await writeFile(cut, `${FIRST}\n{"seq":`);
  const other = join(folder, "other.ndjson");
  await writeFile(other, '{"format":"causeway-requests","version":0}\n', { mode: 0o644 });
  for (const file of [cut, other]) {
    const record = new RecordFile(file, noWarning);
    record.append(Buffer.from('{"seq":9}'));
    await record.close();
  }
  expect(await linesOf(cut)).toEqual([FIRST, '{"seq":', '{"seq":9}']);
  expect(await linesOf(other)).toEqual([FIRST, '{"seq":9}']);
  expect(await linesOf(`${other}.1`)).toEqual(['{"format":"causeway-requests","version":0}']);
});

test("a full file is replaced by a new one, and there are at most two", async () => {
  const file = join(folder, "full.ndjson");
  for (let seq = 1; seq <= 3; seq += 1) {
    const record = new RecordFile(file, noWarning, { fileBytes: 60 });
    record.append(Buffer.from(`{"seq":${seq},"text":"${"x".repeat(60)}"}`));
    await record.close();
  }
  await expect(stat(file)).rejects.toThrow("ENOENT");
  const lines = await linesOf(`${file}.1`);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain('"seq":3');
});

test("what waits for the disk is bounded, and the record says what is missing", async () => {
  const file = join(folder, "dropped.ndjson");
  const record = new RecordFile(file, noWarning, { waitingBytes: 20 });
  for (let seq = 1; seq <= 4; seq += 1) record.append(Buffer.from(`{"seq":${seq}}`));
  await record.close();
  expect(await linesOf(file)).toEqual([FIRST, '{"seq":1}', '{"seq":2}', '{"dropped":2}']);
});

test("warns once where the file cannot be written, and follows no link", async () => {
  const target = join(folder, "target");
  await writeFile(target, "");
  const file = join(folder, "link.ndjson");
  await symlink(target, file);
  const warnings: string[] = [];
  const record = new RecordFile(file, (line) => warnings.push(line));
  for (let turn = 0; turn < 2; turn += 1) {
    record.append(Buffer.from("{}"));
    await record.close();
  }
  expect(warnings).toEqual([expect.stringContaining(`no longer recorded in ${file}`)]);
  expect(await readFile(target, "utf8")).toBe("");
});
