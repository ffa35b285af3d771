import type { Kysely } from "kysely";
import type { Standing } from "../domain/membership.ts";
import type { Schema } from "./schema.ts";

/** A room and how a user stands in it, by the keys of two tables in one query; undefined where there is no such room. */
export async function standingOf(db: Kysely<Schema>, room: string, userId: string): Promise<Standing | undefined> {
  const row = await db
    .selectFrom("rooms")
    .leftJoin("members", (join) => join.onRef("members.room", "=", "rooms.name").on("members.user_id", "=", userId))
    .select(["rooms.name", "rooms.kind", "rooms.title", "rooms.epoch", "rooms.seq", "rooms.revision", "rooms.members"])
    .select(["members.role", "members.state", "members.since", "members.muted_until"])
    .where("rooms.name", "=", room)
    .where("rooms.closed_at", "is", null)
    .executeTakeFirst();
  if (!row) return undefined;
  const { name: key, kind, title, epoch, seq, revision, members, role, state, since, muted_until: mutedUntil } = row;
  return {
    room: { key, kind, title, epoch, seq, revision, members },
    membership: role && state && since !== null ? { userId, role, state, since, mutedUntil } : undefined,
  };
}
