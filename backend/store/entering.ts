import type { Kysely, Transaction } from "kysely";
import type { MembershipState } from "../domain/membership.ts";
import { userLock } from "./locks.ts";
import { prepared } from "./prepared.ts";
import type { Schema } from "./schema.ts";
import { type InTransaction, Undo, undoable } from "./transactions.ts";

/** How a user enters a room. */
export interface Entry {
  readonly room: string;
  readonly userId: string;
  readonly at: number;
  /** States from which the user may enter; `none` is a user who has no membership. */
  readonly from: readonly (MembershipState | "none")[];
  /** Members that the room may have. */
  readonly limit: number;
  /** Rooms that the user may be in, direct ones not counted; no limit when left out. */
  readonly most?: number;
}

/**
 * What came of it: `full` when the room has too many members, `too-many` when the user is in too many rooms, `refused`
 * when the user's membership is none that `from` names or the account is disabled.
 */
export type Entered = "entered" | "full" | "too-many" | "refused";

/** Lets a user into a room. */
export type Enter = (entry: Entry) => Promise<Entered>;

/** A membership that begins. */
interface Seat {
  readonly room: string;
  readonly userId: string;
  readonly at: number;
  readonly since: number;
}

/**
 * Lets users into rooms. The rows are locked in the order of `locks.ts`, the user's before the room's. `transactions`
 * may run the work of several callers in one transaction, and all of it a second time.
 */
export function entering(db: Kysely<Schema>, transactions: InTransaction<Schema>): Enter {
  const { joined, grow, mark } = queries(db);
  const lockUser = userLock(db);
  const seats = new Map<string, ReturnType<typeof seating>>();
  const seatFrom = (from: Entry["from"]) => {
    const key = from.join();
    const known = seats.get(key) ?? seating(db, from);
    seats.set(key, known);
    return known;
  };

  async function enter(transaction: Transaction<Schema>, entry: Entry): Promise<Entered> {
    const { room, userId, at, from, limit, most } = entry;
    // an account that is being removed leaves all its rooms: nothing may let it in after that
    const [user] = await lockUser(transaction, { userId });
    if (user?.disabledAt !== null) return "refused";
    if (most !== undefined && ((await joined(transaction, { userId }))[0]?.count ?? 0) >= most) return "too-many";
    const [position] = await grow(transaction, { room, limit });
    if (!position) return "full";
    const { revision: since, seq, epoch } = position;
    const [seat] = await seatFrom(from)(transaction, { room, userId, at, since });
    if (!seat) throw new Undo<Entered>("refused");
    // messages from before the entry do not count as unread
    await mark(transaction, { room, userId, epoch, seq });
    return "entered";
  }

  return (entry) => undoable(transactions, (transaction) => enter(transaction, entry));
}

function queries(db: Kysely<Schema>) {
  return {
    /** Rooms that a user is in, direct ones not counted. */
    joined: prepared(db, (within, { userId }: { userId: string }) =>
      within
        .selectFrom("members")
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .where("user_id", "=", userId)
        .where("state", "=", "in")
        .where("peer_id", "is", null),
    ),
    grow: prepared(db, (within, { room, limit }: { room: string; limit: number }) =>
      within
        .updateTable("rooms")
        .set((row) => ({ members: row("members", "+", 1), revision: row("revision", "+", 1) }))
        .where("name", "=", room)
        .where("members", "<", limit)
        .where("closed_at", "is", null)
        .returning(["revision", "seq", "epoch"]),
    ),
    mark: prepared(
      db,
      (within, { room, userId, epoch, seq }: { room: string; userId: string; epoch: string; seq: number }) =>
        within
          .insertInto("read_marks")
          .values({ room, user_id: userId, epoch, seq })
          .onConflict((conflict) => conflict.columns(["room", "user_id"]).doUpdateSet({ epoch, seq })),
    ),
  };
}

/** The statement that begins a membership from one of these states: it returns no row where there is another one. */
function seating(db: Kysely<Schema>, from: Entry["from"]) {
  const states = from.filter((state) => state !== "none");
  const fresh = ({ at, since }: Seat) =>
    ({ role: "member", state: "in", since, joined_at: at, ended_at: null }) as const;
  return prepared(db, (within, seat: Seat) => {
    const { room, userId } = seat;
    if (!from.includes("none"))
      return within
        .updateTable("members")
        .set(fresh(seat))
        .where("room", "=", room)
        .where("user_id", "=", userId)
        .where("state", "in", states)
        .returning("room");
    return within
      .insertInto("members")
      .values({ room, user_id: userId, ...fresh(seat), muted_until: null, peer_id: null })
      .onConflict((conflict) => {
        const same = conflict.columns(["room", "user_id"]);
        if (states.length === 0) return same.doNothing();
        return same.doUpdateSet(fresh(seat)).where("members.state", "in", states);
      })
      .returning("room");
  });
}
