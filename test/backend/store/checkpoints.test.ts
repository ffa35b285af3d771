import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { MAX_STOP_MS, shortenLog, startCheckpoints } from "../../../backend/store/checkpoints.ts";
import { ConnectionLock } from "../../../backend/store/connection-lock.ts";
import { type LogSync, openLogSync } from "../../../backend/store/log-sync.ts";

let folder: string;
let file: string;
let database: DatabaseSync;
let log: LogSync;
const failures: Error[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-checkpoints-"));
  file = join(folder, "a & b?.db");
  database = new DatabaseSync(file);
  database.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 0");
  database.exec("create table texts (text text)");
  failures.length = 0;
  log = openLogSync(
    `${file}-wal`,
    (error) => failures.push(error),
    (problem) => failures.push(problem),
  );
});
afterEach(async () => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  if (database.isOpen) database.close();
  await log.close();
  rmSync(folder, { recursive: true });
});

const start = () => startCheckpoints(file, log, new ConnectionLock(), (error) => failures.push(error), 5);
/** Pages, one for each text. */
function write(pages: number): void {
  const insert = database.prepare("insert into texts values (?)");
  database.exec("begin");
  for (let n = 0; n < pages; n += 1) insert.run("x".repeat(3_000));
  database.exec("commit");
  log.recordCommit();
}
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
};

test("N10: a long log is copied in a thread, and begins anew with the next commit", async () => {
  const checkpoints = start();
  write(5_000);
  const size = statSync(`${file}-wal`).size;
  await until(() => statSync(file).size > 15_000_000);
  await checkpoints.stop();
  write(10);
  expect(statSync(`${file}-wal`).size).toBe(size);
  expect(failures).toEqual([]);
});

test("N10: a database that was deleted is not made anew", async () => {
  const checkpoints = start();
  write(1_000);
  rmSync(file);
  await new Promise((resolve) => setTimeout(resolve, 50)); // several intervals
  await checkpoints.stop();
  expect([existsSync(file), failures]).toEqual([false, []]);
});

test("N10: a checkpoint that hangs with the disk holds up writers for a moment only, and lets them go once", async () => {
  jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask", "performance"] });
  const lock = new ConnectionLock();
  const last = Promise.withResolvers<number>();
  let copies = 0;
  const shortened = shortenLog(async () => (++copies < 3 ? 5_000 : last.promise), lock);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  const order: string[] = [];
  lock.run(() => order.push("first"));
  await turn();
  expect([copies, order]).toEqual([3, []]);
  jest.advanceTimersByTime(MAX_STOP_MS);
  await turn();
  expect(order).toEqual(["first"]);
  const held = lock.acquire();
  expect(held).toBeUndefined();
  lock.run(() => order.push("second"));
  last.resolve(0);
  await shortened;
  await turn();
  expect(order).toEqual(["first"]);
  lock.release();
  await turn();
  expect(order).toEqual(["first", "second"]);
});

test("N10: a thread that has ended by itself does not keep the backend from stopping, and another takes its place", async () => {
  const posts = jest.spyOn(Worker.prototype, "postMessage");
  const threads = () => [...new Set(posts.mock.contexts as Worker[])];
  const checkpoints = start();
  for (let n = 1; n <= 2; n += 1) {
    write(1_000);
    await until(() => threads().length === n);
    await threads().at(-1)?.terminate();
  }
  await checkpoints.stop();
  // it was at a checkpoint, or between two
  for (const { message } of failures) expect(message).toBe("the thread of checkpoints has ended");
});
