import { type Kysely, sql, type Transaction } from "kysely";
import type { MembershipState, RoomRole } from "../domain/membership.ts";
import { rosters } from "./rosters.ts";
import type { Schema } from "./schema.ts";

/** What the end of a membership came to. */
export interface Ended {
  /** The room's revision from which on they are out. */
  readonly revision: number;
  /** Who owns the room now, when the last owner has gone. */
  readonly successor: string | undefined;
}

/** How somebody comes in. */
export interface Entry {
  readonly room: string;
  readonly userId: string;
  readonly at: number;
  /** States from which one may; `none` is a stranger's. */
  readonly from: readonly (MembershipState | "none")[];
  /** People the room may have. */
  readonly limit: number;
}

export type MemberStore = ReturnType<typeof memberStore>;

/** Ends a transaction that would change nothing, so that the room is not counted on. */
class Unchanged extends Error {}

/*
 * Every coming and going takes the room's row first: comings, goings and messages of one room have one order, on every node.
 */
export function memberStore(db: Kysely<Schema>) {
  return {
    ...rosters(db),

    /** Lets somebody in. `full` when the room is, `refused` when they stand in another way than `from` says. */
    async enter({ room, userId, at, from, limit }: Entry): Promise<"entered" | "full" | "refused"> {
      return unlessUnchanged("refused", () =>
        db.transaction().execute(async (transaction) => {
          const position = await transaction
            .updateTable("rooms")
            .set((row) => ({ members: row("members", "+", 1), revision: row("revision", "+", 1) }))
            .where("name", "=", room)
            .where("members", "<", limit)
            .where("closed_at", "is", null)
            .returning(["revision", "seq", "epoch"])
            .executeTakeFirst();
          if (!position) return "full";
          const { revision: since, seq, epoch } = position;
          const fresh = { role: "member", state: "in", since, joined_at: at, ended_at: null } as const;
          const states = from.filter((state) => state !== "none");
          const back =
            states.length > 0 &&
            (await transaction
              .updateTable("members")
              .set(fresh)
              .where("room", "=", room)
              .where("user_id", "=", userId)
              .where("state", "in", states)
              .returning("room")
              .executeTakeFirst());
          const isIn =
            back ||
            (from.includes("none") &&
              (await transaction
                .insertInto("members")
                .values({ room, user_id: userId, ...fresh, muted_until: null, peer_id: null })
                .onConflict((conflict) => conflict.columns(["room", "user_id"]).doNothing())
                .returning("room")
                .executeTakeFirst()));
          if (!isIn) throw new Unchanged();
          // what was said before is nothing that one has not read
          await transaction
            .insertInto("read_marks")
            .values({ room, user_id: userId, epoch, seq })
            .onConflict((conflict) => conflict.columns(["room", "user_id"]).doUpdateSet({ epoch, seq }))
            .execute();
          return "entered";
        }),
      );
    },

    /**
     * Ends a membership; undefined when there was none. Where no owner is left, the room goes to the moderator who has been in it the
     * longest, else to such a member; where nobody is left, a private room is closed.
     */
    async end(room: string, userId: string, state: "out" | "banned", at: number): Promise<Ended | undefined> {
      return unlessUnchanged(undefined, () =>
        db.transaction().execute(async (transaction) => {
          const left = await transaction
            .updateTable("rooms")
            .set((row) => ({ members: row("members", "-", 1), revision: row("revision", "+", 1) }))
            .where("name", "=", room)
            .returning(["revision", "members", "kind"])
            .executeTakeFirst();
          if (!left) return undefined;
          const one = transaction.selectFrom("members").select("role").where("room", "=", room);
          const before = await one.where("user_id", "=", userId).where("state", "=", "in").executeTakeFirst();
          if (!before) throw new Unchanged();
          await transaction
            .updateTable("members")
            .set({ state, role: "member", since: left.revision, ended_at: at })
            .where("room", "=", room)
            .where("user_id", "=", userId)
            .execute();
          if (left.members === 0 && left.kind === "private") {
            await transaction.updateTable("rooms").set({ closed_at: at }).where("name", "=", room).execute();
          }
          const successor = before.role === "owner" ? await handOver(transaction, room) : undefined;
          return { revision: left.revision, successor };
        }),
      );
    },

    /** Shuts somebody out who is not in the room; false when they are. */
    async shutOut(room: string, userId: string, at: number): Promise<boolean> {
      const banned = await db
        .insertInto("members")
        .values({ ...stranger(room, userId, at), state: "banned" })
        .onConflict((conflict) =>
          conflict.columns(["room", "user_id"]).doUpdateSet({ state: "banned" }).where("members.state", "!=", "in"),
        )
        .returning("room")
        .executeTakeFirst();
      return banned !== undefined;
    },

    /** Asks somebody in; false when they are in it already, asked already, or shut out. */
    async invite(room: string, userId: string, at: number): Promise<boolean> {
      const invited = await db
        .insertInto("members")
        .values({ ...stranger(room, userId, at), state: "invited" })
        .onConflict((conflict) =>
          conflict.columns(["room", "user_id"]).doUpdateSet({ state: "invited" }).where("members.state", "=", "out"),
        )
        .returning("room")
        .executeTakeFirst();
      return invited !== undefined;
    },

    /** Takes back a ban or an invitation; false when there was none. */
    async release(room: string, userId: string, from: "banned" | "invited", at: number): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable("members")
        .set({ state: "out", ended_at: at })
        .where("room", "=", room)
        .where("user_id", "=", userId)
        .where("state", "=", from)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    /** False when they are not in the room, or are its only owner and would be none. */
    async setRole(room: string, userId: string, role: RoomRole): Promise<boolean> {
      return db.transaction().execute(async (transaction) => {
        // the room's row keeps two owners from stepping down at the same moment
        await transaction
          .updateTable("rooms")
          .set((row) => ({ revision: row("revision", "+", 1) }))
          .where("name", "=", room)
          .execute();
        const { numUpdatedRows } = await transaction
          .updateTable("members")
          .set({ role })
          .where("room", "=", room)
          .where("user_id", "=", userId)
          .where("state", "=", "in")
          .where((row) =>
            row.or([
              row("role", "!=", "owner"),
              row.exists(
                row
                  .selectFrom("members as others")
                  .select("others.user_id")
                  .where("others.room", "=", room)
                  .where("others.state", "=", "in")
                  .where("others.role", "=", "owner")
                  .where("others.user_id", "!=", userId),
              ),
            ]),
          )
          .executeTakeFirst();
        return numUpdatedRows > 0n;
      });
    },

    /** `until` in milliseconds since 1970; null lets them speak. False when they have never been in the room. */
    async setMuted(room: string, userId: string, until: number | null): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable("members")
        .set({ muted_until: until })
        .where("room", "=", room)
        .where("user_id", "=", userId)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    /** Forgets who left before a time and is not muted any more. */
    async prune(before: number, now: number): Promise<void> {
      await db
        .deleteFrom("members")
        .where("ended_at", "<", before)
        .where("state", "=", "out")
        .where("peer_id", "is", null) // who left a direct room can open it again, and nobody else for them
        .where((row) => row.or([row("muted_until", "is", null), row("muted_until", "<", now)]))
        .execute();
    },
  };
}

function stranger(room: string, userId: string, at: number) {
  const nothing = { ended_at: null, muted_until: null, peer_id: null };
  return { room, user_id: userId, role: "member" as const, since: 0, joined_at: at, ...nothing };
}

async function handOver(transaction: Transaction<Schema>, room: string): Promise<string | undefined> {
  const members = transaction.selectFrom("members").where("room", "=", room).where("state", "=", "in");
  const next = await members
    .select(["user_id", "role"])
    .orderBy(sql`case role when 'owner' then 0 when 'moderator' then 1 else 2 end`)
    .orderBy("joined_at")
    .orderBy("user_id")
    .limit(1)
    .executeTakeFirst();
  if (!next || next.role === "owner") return undefined;
  await transaction
    .updateTable("members")
    .set({ role: "owner" })
    .where("room", "=", room)
    .where("user_id", "=", next.user_id)
    .execute();
  return next.user_id;
}

async function unlessUnchanged<T>(otherwise: T, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof Unchanged) return otherwise;
    throw error;
  }
}
