import { randomUUID } from "node:crypto";
import { chmodSync, closeSync, existsSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { makeDataDir, syncFolder } from "./data-dir.ts";
import { currentNames, describeUnknown, type FeatureTables, featureOf, unknownMigrations } from "./migrate.ts";
import { handleRestore, markRestored } from "./restore-marks.ts";
import { DATABASE_FILE } from "./sqlite.ts";

/** A backup cannot be made or used; the message says why and what to do. */
export class BackupError extends Error {
  override name = "BackupError";
}

/**
 * Copies the embedded database into one file (0600) while it is in use: everything acknowledged before is in it. The
 * file holds keys, password hashes and messages. Throws a BackupError when the file exists, the database does not, or
 * `signal` is aborted; it leaves no file behind then.
 */
export async function backUp(dataDir: string, file: string, signal?: AbortSignal): Promise<void> {
  const source = join(dataDir, DATABASE_FILE);
  if (!existsSync(source))
    throw new BackupError(`there is no database at ${source}; set DATA_DIR to the folder that has it.`);
  if (existsSync(file)) throw new BackupError(`${file} exists already; name a new file.`);
  const folder = dirname(resolve(file));
  if (!existsSync(folder))
    throw new BackupError(`there is no folder ${folder}; make it first, or name a file elsewhere.`);
  closeSync(openSync(file, "wx", 0o600));
  const database = new DatabaseSync(source, { readOnly: true });
  try {
    // one state of the database for the whole copy: without it each write of the backend makes SQLite copy from the
    // start again
    database.exec("begin");
    database.prepare("select count(*) from kysely_migration").get();
    await backup(database, file, { progress: () => signal?.throwIfAborted() });
    signal?.throwIfAborted();
    leaveWalMode(file);
    syncFolder(folder);
  } catch (error) {
    rmSync(file);
    throw new BackupError(signal?.aborted ? "the backup was interrupted." : `the backup failed: ${messageOf(error)}`);
  } finally {
    database.close();
  }
}

/** Leaves WAL mode: a program that reads a copy in WAL mode makes two more files beside it. */
function leaveWalMode(file: string): void {
  const copy = new DatabaseSync(file);
  try {
    copy.exec("pragma journal_mode = delete");
  } finally {
    copy.close();
  }
}

/**
 * Checks a backup, and puts it in place of the embedded database. The earlier database is kept under another name,
 * which is returned. Before that each feature changes in the copy what must not be as it was (`afterRestore`). A
 * feature of `unusedFeatures` does so later, when a program that has it opens the database.
 *
 * @param unusedFeatures features that were removed from the program, and of which the backup may have tables
 * @throws BackupError when the backup is damaged or of a newer program, or when something still uses the database
 */
export function restore(
  dataDir: string,
  file: string,
  features: readonly FeatureTables[],
  unusedFeatures: readonly string[] = [],
): { readonly kept: string | undefined } {
  if (!existsSync(file)) throw new BackupError(`there is no file ${file}; name one that npm run backup has written.`);
  const target = join(dataDir, DATABASE_FILE);
  makeDataDir(dataDir);
  const fresh = `${target}.${randomUUID()}`;
  try {
    copyChecked(file, fresh, features, unusedFeatures);
    const kept = existsSync(target) ? setAside(target) : undefined;
    setAsideLogs(target);
    renameSync(fresh, target);
    syncFolder(dataDir);
    return { kept };
  } finally {
    rmSync(fresh, { force: true });
  }
}

function copyChecked(
  file: string,
  fresh: string,
  features: readonly FeatureTables[],
  unusedFeatures: readonly string[],
): void {
  let unhandled: readonly string[];
  closeSync(openSync(fresh, "wx", 0o600));
  rmSync(fresh); // VACUUM INTO needs a path without a file; the permissions are set again below
  let source: DatabaseSync | undefined;
  try {
    source = new DatabaseSync(file, { readOnly: true });
    const [check] = source.prepare("pragma integrity_check").all();
    if (check?.integrity_check !== "ok") throw new BackupError(`${file} is damaged; use another backup.`);
    const names = source
      .prepare("select name from kysely_migration")
      .all()
      .map(({ name }) => String(name));
    const applied = currentNames(names);
    const unknown = unknownMigrations(applied, features, unusedFeatures);
    if (unknown.length > 0) throw new BackupError(`${file} ${describeUnknown(unknown, features)}`);
    unhandled = unknownMigrations(applied, features).flatMap((name) => featureOf(name) ?? []);
    source.prepare("vacuum into ?").run(fresh);
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(`${file} is no backup of this database: ${messageOf(error)}`);
  } finally {
    source?.close();
  }
  chmodSync(fresh, 0o600);
  const copy = new DatabaseSync(fresh);
  try {
    handleRestore(copy, features);
    markRestored(copy, unhandled);
  } finally {
    copy.close();
  }
}

/** Leaving WAL mode writes everything into the one file, and is only possible when no other process has it open. */
function setAside(target: string): string {
  const database = new DatabaseSync(target, { timeout: 100 });
  try {
    database.exec("pragma journal_mode = delete");
  } catch (error) {
    throw new BackupError(`${target} is in use (${messageOf(error)}); stop the backend first.`);
  } finally {
    database.close();
  }
  const kept = join(dirname(target), `${keptName()}.db`);
  renameSync(target, kept);
  return kept;
}

/**
 * Renames the logs beside the database. When only the database was deleted, its log is still there, and SQLite would
 * write it into the restored database: ended sessions would be valid again, or the file would be damaged. The log is
 * not deleted, since it may be all that is left of the lost data.
 */
function setAsideLogs(target: string): void {
  rmSync(`${target}-shm`, { force: true });
  for (const log of [`${target}-wal`, `${target}-journal`]) {
    if (existsSync(log)) renameSync(log, log.replace(DATABASE_FILE, `${keptName()}.db`));
  }
}

const keptName = (): string => `before-restore-${new Date().toISOString().replaceAll(":", "-")}`;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
