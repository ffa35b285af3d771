import { once } from "node:events";
import { fstatSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { ConnectionLock } from "./connection-lock.ts";
import type { LogSync } from "./log-sync.ts";

/*
 * A checkpoint copies SQLite's log into the database file and syncs both, which takes 7 ms and more. In the thread that
 * serves clients it would delay all of them, ten times a second under load. So another thread does it, with its own
 * connection, while the first one goes on writing (https://sqlite.org/wal.html#ckpt).
 */

/** Milliseconds between two checkpoints. A shorter time copies a page more often, a longer one lets the log grow. */
const INTERVAL_MS = 500;
/** Up to these bytes the log is not copied, and the thread is not started. */
const SMALL_LOG_BYTES = 2 * 1024 * 1024;
/** Number of pages in the log from which on writers wait, so that SQLite can start the log again: 16 MiB. */
const LONG_LOG_PAGES = 4_000;
/** Maximum milliseconds for which writers wait: a disk that hangs must not stop them for longer. */
export const MAX_STOP_MS = 1_000;

export interface Checkpoints {
  /** Ends the thread after the current checkpoint. To be called before the database is closed. */
  stop(): Promise<void>;
}

/** The result of a checkpoint: the number of pages in the log, or why they could not be copied. */
type CheckpointReport = { readonly pages: number } | { readonly problem: string; readonly isFatal: boolean };

/**
 * @param file the database
 * @param lock gives the connection that writes to one caller at a time
 * @param onFailure called when the disk could not sync the database file, or the thread has ended by itself
 */
export function startCheckpoints(
  file: string,
  log: LogSync,
  lock: ConnectionLock,
  onFailure: (error: Error) => void,
  intervalMs = INTERVAL_MS,
): Checkpoints {
  let thread: Worker | undefined;
  let report: ((report: CheckpointReport) => void) | undefined;
  let commitsBefore = 0;
  const inode = inodeOf(file);
  let running: Promise<void> | undefined;

  function startThread(): Worker {
    // `rw`: a database that was deleted must not be created again
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
    if (!thread && inodeOf(file) !== inode) return 0; // the file was deleted or replaced: the backend is about to stop
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
    if (running || commits === commitsBefore || fstatSync(descriptor).size < SMALL_LOG_BYTES) return;
    commitsBefore = commits;
    running = shortenLog(copyLog, lock).finally(() => {
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

/**
 * The inode of a file; undefined where there is none. The file is not opened: closing it would give up SQLite's locks.
 */
const inodeOf = (file: string): bigint | undefined => statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;

/**
 * Copies the log. Where it is long, copies it again while no transaction writes, so that the next commit starts the log
 * again.
 *
 * @param copyLog copies what is in the log when it begins; returns the pages in the log
 */
export async function shortenLog(copyLog: () => Promise<number>, lock: ConnectionLock): Promise<void> {
  if ((await copyLog()) < LONG_LOG_PAGES) return;
  await copyLog(); // what was written meanwhile, so that the copy that stops writers is short
  const turn = lock.acquire();
  if (turn) await turn;
  const timer = setTimeout(letWritersGoOn, MAX_STOP_MS).unref();
  let isHeld = true;
  function letWritersGoOn(): void {
    clearTimeout(timer);
    if (isHeld) lock.release();
    isHeld = false;
  }
  await copyLog().finally(letWritersGoOn);
}

/** Runs in the thread, which gets the text of this function alone: it must not use anything from outside. */
function checkpointThread(): void {
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  let database: InstanceType<typeof DatabaseSync> | undefined;
  /** SQLITE_IOERR_FSYNC (https://sqlite.org/rescode.html). The data is lost: a later sync does not write it again. */
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
