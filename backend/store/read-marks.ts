import type { Kysely } from "kysely";
import type { ReadMark } from "../domain/read-mark.ts";
import type { Schema } from "./schema.ts";

export type ReadMarkStore = ReturnType<typeof readMarkStore>;

/** A position in a room that somebody has read up to. */
export interface NewReadMark {
  readonly room: string;
  readonly userId: string;
  readonly epoch: string;
  readonly seq: number;
}

export function readMarkStore(db: Kysely<Schema>) {
  const marks = (room: string, epoch: string) =>
    db.selectFrom("read_marks").select(["user_id as user", "seq"]).where("room", "=", room).where("epoch", "=", epoch);

  /** One user's mark; undefined when they have read nothing of this epoch. */
  const find = async (room: string, epoch: string, userId: string): Promise<ReadMark | undefined> =>
    marks(room, epoch).where("user_id", "=", userId).executeTakeFirst();

  return {
    find,

    /** Moves a mark forward, never back; `moved` when it was not there before. */
    async move({ room, userId, epoch, seq }: NewReadMark): Promise<{ readonly seq: number; readonly moved: boolean }> {
      const moved = await db
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
      if (moved) return { seq: moved.seq, moved: true };
      return { seq: (await find(room, epoch, userId))?.seq ?? 0, moved: false };
    },

    async readers(room: string, limit: number): Promise<readonly string[]> {
      const rows = db
        .selectFrom("read_marks")
        .select("user_id")
        .where("room", "=", room)
        .orderBy("user_id")
        .limit(limit);
      return (await rows.execute()).map(({ user_id }) => user_id);
    },

    async audience(users: readonly string[], size: number): Promise<readonly { user: string; room: string }[]> {
      return db
        .selectFrom("read_marks as mark")
        .select(["mark.user_id as user", "mark.room"])
        .where("mark.user_id", "in", users)
        .where(
          (row) =>
            row
              .selectFrom("read_marks as other")
              .select((count) => count.fn.countAll<number>().as("count"))
              .whereRef("other.room", "=", "mark.room"),
          "<=",
          size,
        )
        .execute();
    },

    /** The marks of a room, so many at most. */
    async of(room: string, epoch: string, limit: number): Promise<readonly ReadMark[]> {
      return marks(room, epoch).orderBy("user_id").limit(limit).execute();
    },
  };
}
