import { type InferResult, type Kysely, sql, type Transaction } from "kysely";
import { groupLookups, isPostgres, jsonTable, prepared } from "../../store/index.ts";
import type { Standing } from "../membership.ts";
import type { ChatTables } from "./tables.ts";

/** A user's standing in a room; undefined where there is no such room or user. */
export async function findStanding(
  db: Kysely<ChatTables>,
  room: string,
  userId: string,
): Promise<Standing | undefined> {
  const row = await standingQuery(db, { room, userId }).executeTakeFirst();
  return row && toStanding(row);
}

/** The user who makes a call, and the session that the call belongs to. */
export interface Actor {
  readonly id: string;
  readonly sid: string;
}

/**
 * A user who acts in a room, with the standing. Undefined where there is no such room, and where the user may not act
 * any more: session or account have ended since the call was admitted.
 *
 * PostgreSQL locks the session's row. So a transaction that finds the session live is committed before the session
 * ends, and one that comes later does not find it. All sessions of an account are ended after the account is disabled:
 * when that call returns, nothing of the account can be stored any more.
 */
export async function findAuthor(transaction: Transaction<ChatTables>, room: string, actor: Actor) {
  const query = authorQuery(transaction, { room, userId: actor.id })
    .innerJoin("sessions", "sessions.user_id", "users.id")
    .where("sessions.id", "=", actor.sid)
    .where("sessions.ended_at", "is", null)
    .where("users.disabled_at", "is", null);
  const row = await (isPostgres(transaction) ? query.forShare("sessions") : query).executeTakeFirst();
  return row && toAuthor(row);
}

/** Whether a user may still act: session and account have not ended. Locks as `findAuthor` does. */
export async function mayAct(transaction: Transaction<ChatTables>, actor: Actor): Promise<boolean> {
  const query = liveSessionQuery(transaction, actor);
  return (await (isPostgres(transaction) ? query.forShare("sessions") : query).execute()).length > 0;
}

/** Selects the session of a user who may act. */
export const liveSessionQuery = (db: Kysely<ChatTables>, { id, sid }: Actor) =>
  db
    .selectFrom("sessions")
    .innerJoin("users", "users.id", "sessions.user_id")
    .select("sessions.id")
    .where("sessions.id", "=", sid)
    .where("sessions.ended_at", "is", null)
    .where("users.id", "=", id)
    .where("users.disabled_at", "is", null);

/** The keys of a room and a user. */
interface RoomAndUser {
  readonly room: string;
  readonly userId: string;
}

const STANDING_FIELDS = [
  ...(["rooms.name", "rooms.kind", "rooms.title", "rooms.epoch", "rooms.seq", "rooms.revision"] as const),
  ...(["rooms.members", "members.user_id", "members.role", "members.state", "members.since"] as const),
  "members.muted_until",
] as const;

/** Selects a user in a room, from three tables in one query. */
const standingQuery = (db: Kysely<ChatTables>, { room, userId }: RoomAndUser) =>
  db
    .selectFrom("rooms")
    .innerJoin("users", (join) => join.on("users.id", "=", userId))
    .leftJoin("members", (join) => join.onRef("members.room", "=", "rooms.name").on("members.user_id", "=", userId))
    .select(STANDING_FIELDS)
    .where("rooms.name", "=", room)
    .where("rooms.closed_at", "is", null);

/** A row from which a standing is made. The fields of the membership are null where there is none. */
export type StandingRow = InferResult<ReturnType<typeof standingQuery>>[number];

/** Selects a user in a room, with what sending needs besides the standing. */
export const authorQuery = (db: Kysely<ChatTables>, parameters: RoomAndUser) =>
  standingQuery(db, parameters).select(["users.name as userName", "users.stored_bytes as storedBytes"]);

/** A row of `authorQuery`. */
export type AuthorRow = InferResult<ReturnType<typeof authorQuery>>[number];

/** Selects many users in rooms. `keys` is a JSON array of pairs of room and user. */
const standingsQuery = (db: Kysely<ChatTables>, parameters: { readonly keys: string }) =>
  isPostgres(db) ? lateralStandings(db, parameters) : joinedStandings(db, parameters);

/**
 * `offset 0` makes each look-up a query of its own, by its key. PostgreSQL would plan a join each time for a number of
 * keys that it guesses, and read small tables as a whole.
 */
const lateralStandings = (db: Kysely<ChatTables>, { keys }: { readonly keys: string }) =>
  db
    .selectFrom(jsonTable(db, keys).as<"asked">(sql`asked`))
    .innerJoinLateral(
      ({ selectFrom }) =>
        selectFrom("rooms")
          .selectAll()
          .where("name", "=", sql<string>`asked.value ->> 0`)
          .where("closed_at", "is", null)
          .offset(sql.lit(0))
          .as("rooms"),
      (join) => join.onTrue(),
    )
    .innerJoinLateral(
      ({ selectFrom }) =>
        selectFrom("users")
          .select("id")
          .where("id", "=", sql<string>`asked.value ->> 1`)
          .offset(sql.lit(0))
          .as("users"),
      (join) => join.onTrue(),
    )
    .leftJoinLateral(
      ({ selectFrom }) =>
        selectFrom("members")
          .selectAll()
          .whereRef("room", "=", "rooms.name")
          .whereRef("user_id", "=", "users.id")
          .offset(sql.lit(0))
          .as("members"),
      (join) => join.onTrue(),
    )
    .select(STANDING_FIELDS)
    .select("users.id as askedId");

const joinedStandings = (db: Kysely<ChatTables>, { keys }: { readonly keys: string }) =>
  db
    .selectFrom(jsonTable(db, keys).as<"asked">(sql`asked`))
    .innerJoin("rooms", (join) => join.on("rooms.name", "=", sql<string>`asked.value ->> 0`))
    .innerJoin("users", (join) => join.on("users.id", "=", sql<string>`asked.value ->> 1`))
    .leftJoin("members", (join) =>
      join.onRef("members.room", "=", "rooms.name").onRef("members.user_id", "=", "users.id"),
    )
    .select(STANDING_FIELDS)
    .select("users.id as askedId")
    .where("rooms.closed_at", "is", null);

/**
 * Makes a function that looks up a user's standing in a room, outside of transactions. Look-ups within a few
 * milliseconds share one query. Undefined where there is no such room or user.
 */
export function standingFinder(
  db: Kysely<ChatTables>,
): (room: string, userId: string) => Promise<Standing | undefined> {
  const query = prepared(db, standingsQuery);
  const find = groupLookups(
    (keys) => query(db, { keys }),
    ({ name, askedId }) => [name, askedId],
  );
  return async (room, userId) => {
    const row = await find(room, userId);
    return row && toStanding(row);
  };
}

/** Selects what decides whether a user may enter a room. The room's fields are null where there is no such room. */
export const candidateQuery = (db: Kysely<ChatTables>, { room, userId }: RoomAndUser) =>
  db
    .selectFrom("users")
    .leftJoin("rooms", (join) => join.on("rooms.name", "=", room))
    .leftJoin("members", (join) => join.on("members.room", "=", room).onRef("members.user_id", "=", "users.id"))
    .select(STANDING_FIELDS)
    .select(["users.disabled_at as disabledAt", "rooms.closed_at as closedAt"])
    .where("users.id", "=", userId);

/** A row of `candidateQuery`. */
export type CandidateRow = { readonly disabledAt: number | null; readonly closedAt: number | null } & (
  | StandingRow
  | { readonly name: null }
);

/** A user's standing, name, and the bytes of the user's messages. */
export function toAuthor(row: AuthorRow): {
  readonly standing: Standing;
  readonly name: string;
  readonly storedBytes: number;
} {
  return { standing: toStanding(row), name: row.userName, storedBytes: row.storedBytes };
}

export function toStanding(row: StandingRow): Standing {
  const { name: key, kind, title, epoch, seq, revision, members, user_id: userId, role, state, since } = row;
  return {
    room: { key, kind, title, epoch, seq, revision, members },
    membership:
      userId && role && state && since !== null
        ? { userId, role, state, since, mutedUntil: row.muted_until }
        : undefined,
  };
}
