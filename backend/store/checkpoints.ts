import { once } from "node:events";
import { fstatSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Exclusive } from "./exclusive.ts";
import type { LogSync } from "./log-sync.ts";

/*
 * A checkpoint copies what is in SQLite's log into the database file and syncs both, for 7 ms and more. In the thread
 * that serves clients it holds up all of them, ten times a second under load. Here a thread of its own does it, with a
 * connection of its own; SQLite lets it run while others write (https://sqlite.org/wal.html#ckpt).
 */

/** Milliseconds between two checkpoints. More of them copy a page more often, fewer let the log grow. */
const INTERVAL_MS = 500;
/** Bytes of the log up to which there is nothing to do, and no thread. */
const SMALL_LOG = 2 * 1024 * 1024;
/** Pages in the log from which on writers wait for a moment, so that the log can begin anew: 16 MiB. */
const LONG_LOG = 4_000;
/** Most milliseconds for which writers wait for it: a disk that hangs must not stop them for as long. */
export const LONGEST_STOP = 1_000;

export interface Checkpoints {
  /** Ends the thread, after the checkpoint that it is at. To be called before the database is closed. */
  stop(): Promise<void>;
}

/** What the thread has done: pages in the log, or why it could not copy them. */
type CheckpointReport = { readonly pages: number } | { readonly problem: string; readonly isFatal: boolean };

/**
 * @param file the database
 * @param exclusive who has the connection that writes
 * @param onFailure called when the disk could not sync the database file, or the thread has ended by itself
 */
export function startCheckpoints(
  file: string,
  log: LogSync,
  exclusive: Exclusive,
  onFailure: (error: Error) => void,
  intervalMs = INTERVAL_MS,
): Checkpoints {
  let thread: Worker | undefined;
  let report: ((report: CheckpointReport) => void) | undefined;
  let commitsBefore = 0;
  const inode = inodeOf(file);
  let running: Promise<void> | undefined;

  function startThread(): Worker {
    // a database that was deleted must not be made anew
    const url = `${pathToFileURL(file)}?mode=rw`;
    const started = new Worker(`(${checkpointThread})()`, { eval: true, workerData: url, name: "checkpoints" });
    started.unref();
    started.on("message", (message: CheckpointReport) => report?.(message));
    started.on("error", (error) => report?.({ problem: String(error), isFatal: true }));
    started.on("exit", () => {
      thread = undefined;
      report?.({ problem: "the thread of checkpoints has ended", isFatal: true });
    });
    return started;
  }

  /** One checkpoint of what is in the log when it begins. Returns the pages in the log. */
  async function copyLog(): Promise<number> {
    if (!thread && inodeOf(file) !== inode) return 0; // it was deleted or replaced: the backend is about to stop
    thread ??= startThread();
    const { promise, resolve } = Promise.withResolvers<CheckpointReport>();
    report = resolve;
    thread.postMessage("checkpoint");
    const done = await promise;
    if ("pages" in done) return done.pages;
    if (done.isFatal) onFailure(new Error(done.problem));
    return 0; // a full disk, for example: tried again with the next interval
  }

  const timer = setInterval(() => {
    const { commits, descriptor } = log;
    if (running || commits === commitsBefore || fstatSync(descriptor).size < SMALL_LOG) return;
    commitsBefore = commits;
    running = shortenLog(copyLog, exclusive).finally(() => {
      running = undefined;
    });
  }, intervalMs);
  timer.unref();

  return {
    async stop() {
      clearInterval(timer);
      await running;
      if (!thread) return;
      thread.ref();
      thread.postMessage("close");
      await once(thread, "exit");
    },
  };
}

/** Which file it is; undefined where there is none. The file is not opened: closing it would give up SQLite's locks. */
const inodeOf = (file: string): bigint | undefined => statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;

/**
 * Copies the log, and where it is long copies it again while no transaction writes, so that the next commit begins it
 * anew.
 *
 * @param copyLog copies what is in the log when it begins; returns the pages in the log
 */
export async function shortenLog(copyLog: () => Promise<number>, exclusive: Exclusive): Promise<void> {
  if ((await copyLog()) < LONG_LOG) return;
  await copyLog(); // what was written meanwhile, so that the last one is short
  const turn = exclusive.acquire();
  if (turn) await turn;
  const timer = setTimeout(goOn, LONGEST_STOP).unref();
  let isHeld = true;
  function goOn(): void {
    clearTimeout(timer);
    if (isHeld) exclusive.release();
    isHeld = false;
  }
  await copyLog().finally(goOn);
}

/** Runs in the thread. Its text is all that the thread gets, so that it uses nothing from outside. */
function checkpointThread(): void {
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  let database: InstanceType<typeof DatabaseSync> | undefined;
  /** SQLITE_IOERR_FSYNC (https://sqlite.org/rescode.html). The system forgets what it could not write. */
  const FAILED_SYNC = 1034;
  parentPort?.on("message", (message: "checkpoint" | "close") => {
    if (message === "close") {
      database?.close();
      parentPort.close();
      return;
    }
    try {
      database ??= new DatabaseSync(new URL(workerData as string), { timeout: 0 });
      const result = database.prepare("pragma wal_checkpoint(passive)").get();
      parentPort.postMessage({ pages: Number(result?.log) });
    } catch (error) {
      const { errcode } = error as { errcode?: number };
      parentPort.postMessage({ problem: String(error), isFatal: errcode === FAILED_SYNC });
    }
  });
}
