import type { Kysely } from "kysely";
import type { Standing } from "../domain/membership.ts";
import type { Schema } from "./schema.ts";

/** A room and how a user stands in it; undefined where there is no such room, or no such user. */
export async function standingOf(db: Kysely<Schema>, room: string, userId: string): Promise<Standing | undefined> {
  return (await authorIn(db, room, userId))?.standing;
}

/** The same with the user's name: all that sending has to look up, by the keys of three tables in one query. */
export async function authorIn(
  db: Kysely<Schema>,
  room: string,
  userId: string,
): Promise<{ readonly standing: Standing; readonly name: string } | undefined> {
  const row = await db
    .selectFrom("rooms")
    .innerJoin("users", (join) => join.on("users.id", "=", userId))
    .leftJoin("members", (join) => join.onRef("members.room", "=", "rooms.name").on("members.user_id", "=", userId))
    .select(["rooms.name", "rooms.kind", "rooms.title", "rooms.epoch", "rooms.seq", "rooms.revision", "rooms.members"])
    .select(["members.role", "members.state", "members.since", "members.muted_until", "users.name as userName"])
    .where("rooms.name", "=", room)
    .where("rooms.closed_at", "is", null)
    .executeTakeFirst();
  if (!row) return undefined;
  const { name: key, kind, title, epoch, seq, revision, members, role, state, since, muted_until: mutedUntil } = row;
  const standing = {
    room: { key, kind, title, epoch, seq, revision, members },
    membership: role && state && since !== null ? { userId, role, state, since, mutedUntil } : undefined,
  };
  return { standing, name: row.userName };
}
