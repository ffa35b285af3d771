import { type Kysely, type RawBuilder, sql } from "kysely";
import { startNotBefore } from "../start-not-before.ts";
import { isPostgres } from "./is-postgres.ts";

/** The key by which a row is looked up: one text or several. */
export type Key = readonly string[];

/** Maximum number of keys that one statement looks up, so that the event loop is not blocked for long. */
const MAX_KEYS = 100;
/**
 * Milliseconds between the starts of two statements. A statement costs as much as looking up many keys, above all where
 * PostgreSQL runs on the same core. A single call after a pause does not wait.
 */
const INTERVAL_MS = 4;

/** The callers that wait for one key. */
type PendingLookup<R> = PromiseWithResolvers<R | undefined>;

/**
 * Makes a look-up function that runs one statement for all keys that are requested within a few milliseconds, so that
 * thousands of clients that reconnect at the same time cost a few statements. A key that is requested twice is looked
 * up once. The statement starts after every call that it serves, so that each caller gets all that was committed before
 * its call.
 *
 * @param read runs the statement. Gets the keys as JSON, an array of arrays, and returns at most one row for each. It
 * is not called for keys that cannot be stored
 * @param keyOf the key of a row
 */
export function groupLookups<R>(
  read: (keys: string) => Promise<readonly R[]>,
  keyOf: (row: R) => Key,
): (...key: Key) => Promise<R | undefined> {
  let waiting = new Map<string, PendingLookup<R>>();
  let lastStart = Number.NEGATIVE_INFINITY;

  function readAll(): void {
    lastStart = performance.now();
    const asked = waiting;
    waiting = new Map();
    let part = new Map<string, PendingLookup<R>>();
    for (const [key, callers] of asked) {
      part.set(key, callers);
      if (part.size < MAX_KEYS) continue;
      void settle(part);
      part = new Map();
    }
    if (part.size > 0) void settle(part);
  }

  async function settle(part: ReadonlyMap<string, PendingLookup<R>>): Promise<void> {
    try {
      const found = new Map<string, R>();
      for (const row of await read(`[${[...part.keys()].join(",")}]`)) found.set(JSON.stringify(keyOf(row)), row);
      for (const [key, callers] of part) callers.resolve(found.get(key));
    } catch (error) {
      for (const callers of part.values()) callers.reject(error);
    }
  }

  return (...parts) => {
    if (!parts.every(isStorable)) return Promise.resolve(undefined);
    const key = JSON.stringify(parts);
    const known = waiting.get(key);
    if (known) return known.promise;
    const callers = Promise.withResolvers<R | undefined>();
    if (waiting.size === 0) startNotBefore(lastStart + INTERVAL_MS, readAll);
    waiting.set(key, callers);
    return callers.promise;
  };
}

/**
 * Whether the databases can store a text. PostgreSQL refuses a statement whose JSON has another one, and so would
 * refuse the look-ups of all callers that share the statement.
 */
const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes("\0");

/** The elements of a JSON array as a table with the one column `value`. */
export function jsonTable<S>(db: Kysely<S>, json: string): RawBuilder<{ value: unknown }> {
  return isPostgres(db)
    ? sql`(select value from json_array_elements(cast(${json} as json)))`
    : sql`(select value from json_each(${json}))`;
}
