import { randomBytes } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Report } from "./benchmark.ts";
import { quantile } from "./contenders.ts";

const SYNCS = 200;
const BYTES = 16 * 1024;
const PAUSE_MS = 4;

/**
 * Says how long a write to the disk takes where the databases are, as a server sees it that stores groups of messages:
 * no message that is stored arrives earlier.
 */
export async function tellDisk(report: Report): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "causeway-disk-"));
  const file = await open(join(folder, "file"), "w");
  const times: number[] = [];
  for (let i = 0; i < SYNCS; i += 1) {
    await file.write(randomBytes(BYTES), 0, BYTES, i * BYTES);
    const before = performance.now();
    await file.datasync();
    times.push(performance.now() - before);
    await pause(PAUSE_MS);
  }
  await file.close();
  await rm(folder, { recursive: true });
  const [p50, p95] = [quantile(times, 0.5).toFixed(2), quantile(times, 0.95).toFixed(2)];
  report.say(`A write of ${BYTES / 1024} KiB is on the disk of ${tmpdir()} after ${p50} ms (p50), ${p95} ms (p95).`);
}
