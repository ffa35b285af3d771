import { closeSync, fdatasync, openSync } from "node:fs";
import { DatabaseAway } from "./outage.ts";

/*
 * SQLite writes a commit to its log (`causeway.db-wal`). With `synchronous = normal` the system decides when the log is
 * written to the disk, and a power cut loses commits. With `synchronous = full` SQLite waits for the disk in each
 * commit, which blocks the one thread that serves all clients. So the log is synced in a thread of Node's pool, and a
 * write is acknowledged when a sync has ended that began after it. All commits during one sync share the next one.
 *
 * The log is synced through a descriptor of its own. Closing it gives up no lock: SQLite has its locks on the database
 * file and on `causeway.db-shm`. SQLite syncs the database file before it overwrites the log.
 */

/** Keeps track of how much of the log is on disk. */
export interface LogSync {
  readonly descriptor: number;
  /** Number of commits. */
  readonly commits: number;
  /** Whether the current sync takes too long. */
  readonly isLate: boolean;
  /** To be called after each commit, in the same turn of the event loop. */
  recordCommit(): void;
  /**
   * Resolves when everything that was committed before the call is on disk; undefined where it is already.
   *
   * Rejects with `DatabaseAway` when the disk has reported an error, and from then on always: the system forgets what
   * it could not write, and a later sync succeeds without it. Rejects too while a sync takes longer than `MAX_SYNC_MS`:
   * otherwise more and more writes would wait for a disk that hangs. Whether the writes are stored is not known then.
   */
  synced(): Promise<void> | undefined;
  /** Waits for the current sync, and closes the descriptor. To be called after the database was closed. */
  close(): Promise<void>;
}

/** Maximum milliseconds of a sync. The first one after a migration has much to write. */
export const MAX_SYNC_MS = 30_000;

/** `fdatasync` of Node.js, or what a test puts in its place. */
export type Sync = (descriptor: number, done: (error: Error | null) => void) => void;

/**
 * @param file path of the log, which must exist
 * @param onFailure called once, when a sync has failed
 * @param onLate called when a sync takes too long
 */
export function openLogSync(
  file: string,
  onFailure: (error: Error) => void,
  onLate: (problem: DatabaseAway) => void,
  sync: Sync = fdatasync,
): LogSync {
  const descriptor = openSync(file, "r+");
  let commits = 0;
  let commitsOnDisk = 0;
  let failure: DatabaseAway | undefined;
  /** The current sync: the number of commits that it covers, and the promise of the callers that wait for it. */
  let running: (PromiseWithResolvers<void> & { readonly covers: number; readonly ended: Promise<void> }) | undefined;
  /** The error of the current sync, when it takes too long. */
  let late: DatabaseAway | undefined;
  /** The promise of the callers that wait for the next sync. */
  let next: PromiseWithResolvers<void> | undefined;

  function start(waiting: PromiseWithResolvers<void>): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const one = { ...waiting, covers: commits, ended: ended.promise };
    running = one;
    const timer = setTimeout(giveUp, MAX_SYNC_MS, one).unref();
    sync(descriptor, (error) => {
      clearTimeout(timer);
      running = undefined;
      late = undefined;
      ended.resolve();
      if (error) return fail(error, one);
      commitsOnDisk = one.covers;
      const following = next;
      next = undefined;
      one.resolve();
      if (following) start(following);
    });
    return one.promise;
  }

  function giveUp(one: PromiseWithResolvers<void>): void {
    late = new DatabaseAway(new Error(`the disk has not stored what was written within ${MAX_SYNC_MS / 1000} s`));
    one.reject(late);
    next?.reject(late);
    next = undefined;
    onLate(late);
  }

  function fail(error: Error, one: PromiseWithResolvers<void>): void {
    failure = new DatabaseAway(error);
    one.reject(failure);
    next?.reject(failure);
    onFailure(error);
  }

  return {
    descriptor,
    get commits() {
      return commits;
    },
    get isLate() {
      return late !== undefined;
    },
    recordCommit() {
      commits += 1;
    },
    synced() {
      if (failure) return Promise.reject(failure);
      if (commitsOnDisk === commits) return undefined;
      if (late) return Promise.reject(late);
      if (!running) return start(Promise.withResolvers());
      if (running.covers === commits) return running.promise;
      next ??= Promise.withResolvers();
      return next.promise;
    },
    async close() {
      while (running) await running.ended;
      closeSync(descriptor);
    },
  };
}
