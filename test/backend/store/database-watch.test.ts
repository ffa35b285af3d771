import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { watchFiles } from "../../../backend/store/database-watch.ts";

/** So many that one check is still under way when the watch is stopped. */
const FILES = 2_000;

test("D2: a file that is removed after the watch was stopped is not lost, also where a check is under way", async () => {
  const folder = mkdtempSync(join(tmpdir(), "causeway-watch-"));
  const files = Array.from({ length: FILES }, (_, at) => join(folder, String(at)));
  for (const file of files) writeFileSync(file, "");
  const lost: string[] = [];
  const stop = watchFiles(files, (file) => lost.push(file), 1);
  await delay(3); // a check has begun
  stop();
  rmSync(folder, { recursive: true });
  await delay(50);
  expect(lost).toEqual([]);

  const again = mkdtempSync(join(tmpdir(), "causeway-watch-"));
  const file = join(again, "a");
  writeFileSync(file, "");
  const told = new Promise<string>((resolve) => watchFiles([file], resolve, 1));
  rmSync(again, { recursive: true });
  expect(await told).toBe(file);
});
