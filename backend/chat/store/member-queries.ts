import type { InferResult, Kysely } from "kysely";
import { prepared, type QueryRunner } from "../../store/index.ts";
import type { MembershipState, RoomRole } from "../membership.ts";
import type { ChatTables } from "./tables.ts";

/** A member in a list of a room's members. */
export interface MemberRow {
  readonly id: string;
  readonly name: string;
  readonly role: RoomRole;
  readonly mutedUntil: number | null;
}

/** How many rooms a user is in, owns and is invited to; direct rooms are not counted. */
export interface RoomCounts {
  readonly joined: number;
  readonly owned: number;
  readonly invited: number;
}

/** Maximum number of rooms that a user may be in, and own; direct rooms are not counted. */
export interface RoomLimits {
  readonly joined: number;
  readonly owned: number;
}

/** Whether a user may not be in, or not own, another room. */
export function isAtLimit({ joined, owned }: RoomCounts, limits: RoomLimits): boolean {
  return joined >= limits.joined || owned >= limits.owned;
}

export async function countRooms(db: Kysely<ChatTables>, userId: string): Promise<RoomCounts> {
  return toCounts(await countQuery(db, { userId }).execute());
}

/** Makes `countRooms` as a query that is built once. */
export function roomCounter(db: Kysely<ChatTables>): (within: QueryRunner, userId: string) => Promise<RoomCounts> {
  const count = prepared(db, countQuery);
  return async (within, userId) => toCounts(await count(within, { userId }));
}

const countQuery = (db: Kysely<ChatTables>, { userId }: { readonly userId: string }) =>
  db
    .selectFrom("members")
    .select(["state", "role", ({ fn }) => fn.countAll<number>().as("count")])
    .where("user_id", "=", userId)
    .where("state", "in", ["in", "invited"])
    .where("peer_id", "is", null)
    .groupBy(["state", "role"]);

function toCounts(rows: InferResult<ReturnType<typeof countQuery>>): RoomCounts {
  const sum = (isCounted: (row: (typeof rows)[number]) => boolean) =>
    rows.filter(isCounted).reduce((total, { count }) => total + count, 0);
  return {
    joined: sum(({ state }) => state === "in"),
    owned: sum(({ state, role }) => state === "in" && role === "owner"),
    invited: sum(({ state }) => state === "invited"),
  };
}

/** Queries that read the members of rooms. */
export class MemberQueries {
  readonly #db: Kysely<ChatTables>;

  constructor(db: Kysely<ChatTables>) {
    this.#db = db;
  }

  /** The users of a room in one state, sorted by id; with `after`, those after this user. */
  async list(room: string, state: MembershipState, limit: number, after?: string): Promise<readonly MemberRow[]> {
    const all = this.#db
      .selectFrom("members")
      .innerJoin("users", "users.id", "members.user_id")
      .select(["users.id", "users.name", "members.role", "members.muted_until as mutedUntil"])
      .where("members.room", "=", room)
      .where("members.state", "=", state);
    const query = after === undefined ? all : all.where("members.user_id", ">", after);
    return query.orderBy("members.user_id").limit(limit).execute();
  }

  /** Ids of a room's members, at most `limit` of them. */
  async memberIds(room: string, limit: number): Promise<readonly string[]> {
    const rows = this.#db.selectFrom("members").select("user_id").where("room", "=", room).where("state", "=", "in");
    return (await rows.orderBy("user_id").limit(limit).execute()).map(({ user_id }) => user_id);
  }

  /** The rooms of these users that have at most `maxMembers` members, with the user. */
  async smallRoomsOf(users: readonly string[], maxMembers: number): Promise<readonly { user: string; room: string }[]> {
    return this.#db
      .selectFrom("members")
      .innerJoin("rooms", "rooms.name", "members.room")
      .select(["members.user_id as user", "members.room"])
      .where("members.user_id", "in", users)
      .where("members.state", "=", "in")
      .where("rooms.members", "<=", maxMembers)
      .execute();
  }

  /** The rooms that a user is in or invited to. */
  async roomsOf(userId: string): Promise<readonly string[]> {
    const rows = this.#db.selectFrom("members").select("room").where("user_id", "=", userId);
    return (await rows.where("state", "in", ["in", "invited"]).execute()).map(({ room }) => room);
  }

  /** Ids of users whose accounts were removed since a time, and who are still in rooms or invited to some. */
  async removedUsersInRooms(since: number): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom("removed_users")
      .select("user_id")
      .where("removed_at", ">=", since)
      .where((row) =>
        row.exists(
          row
            .selectFrom("members")
            .select("members.room")
            .whereRef("members.user_id", "=", "removed_users.user_id")
            .where("members.state", "in", ["in", "invited"]),
        ),
      )
      .execute();
    return rows.map(({ user_id }) => user_id);
  }

  /** Ids of members who have one of these names, at most `limit` of them. */
  async membersNamed(room: string, names: readonly string[], limit: number): Promise<readonly string[]> {
    if (names.length === 0) return [];
    const rows = await this.#db
      .selectFrom("users")
      .select("id")
      .where("name", "in", names)
      // no join: that would read all members of a room to find one
      .where((row) =>
        row.exists(
          row
            .selectFrom("members")
            .select("members.user_id")
            .where("members.room", "=", room)
            .whereRef("members.user_id", "=", "users.id")
            .where("members.state", "=", "in"),
        ),
      )
      .limit(limit)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** The memberships that have ended since a time, with the room's revision at that. */
  async endedSince(since: number): Promise<readonly { room: string; user: string; revision: number }[]> {
    return this.#db
      .selectFrom("members")
      .select(["room", "user_id as user", "since as revision"])
      .where("ended_at", ">=", since)
      .execute();
  }
}
