import type { InferResult, Kysely } from "kysely";
import type { Standing } from "../domain/membership.ts";
import type { Schema } from "./schema.ts";

/** A room and how a user stands in it; undefined where there is no such room, or no such user. */
export async function standingOf(db: Kysely<Schema>, room: string, userId: string): Promise<Standing | undefined> {
  return (await authorIn(db, room, userId))?.standing;
}

/** A user in a room; undefined where there is no such room, or no such user. */
export async function authorIn(db: Kysely<Schema>, room: string, userId: string) {
  return authorOf(await standingQuery(db, { room, userId }).executeTakeFirst());
}

/** A room's and a user's keys. */
interface Keys {
  readonly room: string;
  readonly userId: string;
}

/** All that standing, and sending, has to look up: by the keys of three tables in one query. */
export const standingQuery = (db: Kysely<Schema>, { room, userId }: Keys) =>
  db
    .selectFrom("rooms")
    .innerJoin("users", (join) => join.on("users.id", "=", userId))
    .leftJoin("members", (join) => join.onRef("members.room", "=", "rooms.name").on("members.user_id", "=", userId))
    .select(["rooms.name", "rooms.kind", "rooms.title", "rooms.epoch", "rooms.seq", "rooms.revision", "rooms.members"])
    .select(["members.user_id", "members.role", "members.state", "members.since", "members.muted_until"])
    .select(["users.name as userName", "users.stored_bytes as storedBytes"])
    .where("rooms.name", "=", room)
    .where("rooms.closed_at", "is", null);

/** The user's standing, their name, and the bytes that their messages take. */
export function authorOf(
  row: InferResult<ReturnType<typeof standingQuery>>[number] | undefined,
): { readonly standing: Standing; readonly name: string; readonly storedBytes: number } | undefined {
  if (!row) return undefined;
  const { name: key, kind, title, epoch, seq, revision, members, user_id: userId, role, state, since } = row;
  const standing = {
    room: { key, kind, title, epoch, seq, revision, members },
    membership:
      userId && role && state && since !== null
        ? { userId, role, state, since, mutedUntil: row.muted_until }
        : undefined,
  };
  return { standing, name: row.userName, storedBytes: row.storedBytes };
}
