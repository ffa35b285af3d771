import type { Kysely } from "kysely";
import type { ReadMark } from "../shapes.ts";
import type { ChatTables } from "./tables.ts";

/** A position in a room that a user has read up to. */
export interface NewReadMark {
  readonly room: string;
  readonly userId: string;
  readonly epoch: string;
  readonly seq: number;
}

export function readMarkStore(db: Kysely<ChatTables>) {
  const marks = (room: string, epoch: string) =>
    db.selectFrom("read_marks").select(["user_id as user", "seq"]).where("room", "=", room).where("epoch", "=", epoch);

  /** One user's mark; undefined when the user has read nothing of this epoch. */
  const find = async (room: string, epoch: string, userId: string): Promise<ReadMark | undefined> =>
    marks(room, epoch).where("user_id", "=", userId).executeTakeFirst();

  return {
    find,

    /** Moves a mark forward. It never goes back: `hasMoved` is false then, and `seq` is the mark that is stored. */
    async move({
      room,
      userId,
      epoch,
      seq,
    }: NewReadMark): Promise<{ readonly seq: number; readonly hasMoved: boolean }> {
      const movedRow = await db
        .insertInto("read_marks")
        .values({ room, user_id: userId, epoch, seq })
        .onConflict((conflict) =>
          conflict
            .columns(["room", "user_id"])
            .doUpdateSet((row) => ({ epoch: row.ref("excluded.epoch"), seq: row.ref("excluded.seq") }))
            .where((row) =>
              row.or([
                row("read_marks.epoch", "!=", row.ref("excluded.epoch")),
                row("read_marks.seq", "<", row.ref("excluded.seq")),
              ]),
            ),
        )
        .returning("seq")
        .executeTakeFirst();
      if (movedRow) return { seq: movedRow.seq, hasMoved: true };
      return { seq: (await find(room, epoch, userId))?.seq ?? 0, hasMoved: false };
    },

    /** The marks of a room's members, at most `limit` of them. */
    async of(room: string, epoch: string, limit: number): Promise<readonly ReadMark[]> {
      return db
        .selectFrom("members")
        .innerJoin("read_marks", (join) =>
          join
            .onRef("read_marks.room", "=", "members.room")
            .onRef("read_marks.user_id", "=", "members.user_id")
            .on("read_marks.epoch", "=", epoch),
        )
        .select(["members.user_id as user", "read_marks.seq"])
        .where("members.room", "=", room)
        .where("members.state", "=", "in")
        .orderBy("members.user_id")
        .limit(limit)
        .execute();
    },
  };
}
