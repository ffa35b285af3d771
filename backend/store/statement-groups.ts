import { GroupQueue } from "./group-queue.ts";
import { DatabaseAway } from "./outage.ts";

/** Maximum number of a node's groups that run at the same time: more than one only where one waits for a locked row. */
const MAX_GROUPS = 4;
/** Milliseconds between the starts of two groups: a statement with its commit costs as much as several items. */
const INTERVAL_MS = 4;
/** Milliseconds after which a group no longer keeps the next one from starting. */
const SLOW_AFTER_MS = 25;
/** Maximum number of items that wait. */
const MAX_WAITING = 10_000;
/** Maximum milliseconds for which an item waits: as long as a query waits for a connection. */
const MAX_WAIT_MS = 5000;

/** The row that a statement returns for an item. */
interface StatementRow {
  /** 1, 2, 3 ...: the item's place in its group. */
  readonly place: number;
}

/** How a group of items is stored in PostgreSQL with one statement. */
export interface StatementRules<T, R> {
  /** Runs the statement, which is its own transaction and returns a row for each item of the group. */
  readonly query: (group: readonly T[]) => Promise<readonly R[]>;
  /** Reports to an item the row that the statement has returned for it. */
  readonly settle: (item: T, row: R) => void;
  /** Reports to an item that the database has refused it, or does not work. */
  readonly fail: (item: T, error: unknown) => void;
  /** Says what was not done, for the error when an item waits too long or too many wait. */
  readonly failure: string;
  /** As in `GroupRules`. */
  readonly orderKey: (item: T) => string;
  readonly uniqueKey: (item: T) => string;
  readonly bytes: (item: T) => number;
  readonly maxItems: number;
  readonly maxBytes: number;
}

/** Stores items in PostgreSQL in groups, each with one statement. Returns a function that adds an item. */
export function storeInGroups<T extends { readonly reject: (reason: unknown) => void }, R extends StatementRow>(
  rules: StatementRules<T, R>,
): (item: T) => void {
  const { query, settle, fail, failure, ...others } = rules;

  async function send(group: readonly T[]): Promise<void> {
    let rows: readonly R[];
    try {
      rows = await query(group);
    } catch (error) {
      return splitOrFail(group, error);
    }
    if (rows.length !== group.length) throw new Error("invariant: the statement returns a row for each item");
    for (const row of rows) {
      const item = group[row.place - 1];
      if (!item) throw new Error("invariant: a row is about an item of the group");
      settle(item, row);
    }
  }

  /**
   * Called when nothing of a group is stored, or when the connection was lost and it is not known what is stored. Where
   * the database has refused the group, sends its halves again, until only the item fails that it does not accept.
   */
  async function splitOrFail(group: readonly T[], error: unknown): Promise<void> {
    if (error instanceof DatabaseAway || group.length === 1) {
      for (const item of group) fail(item, error);
      return;
    }
    const half = Math.ceil(group.length / 2);
    await send(group.slice(0, half));
    await send(group.slice(half));
  }

  const queue = new GroupQueue<T>({
    ...others,
    run: (group) =>
      send(group).catch((error: unknown) => {
        for (const { reject } of group) reject(error);
      }),
    refuse: ({ reject }, reason) => reject(new DatabaseAway(new Error(`${failure}: ${reason}`))),
    maxGroups: MAX_GROUPS,
    intervalMs: INTERVAL_MS,
    slowAfterMs: SLOW_AFTER_MS,
    maxWaiting: MAX_WAITING,
    maxWaitMs: MAX_WAIT_MS,
  });
  return (item) => queue.add(item);
}
