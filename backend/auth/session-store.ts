import { type Kysely, sql } from "kysely";
import { groupLookups, isPostgres, jsonTable, prepared } from "../store/index.ts";
import type { Role } from "../surface/roles.ts";
import type { LockUser } from "../users/index.ts";
import { type EndReason, isLive, type Session } from "./session.ts";
import type { AuthTables, SessionsTable } from "./tables.ts";

/** A session together with what decides whether its user may still act. */
export interface SessionHolder {
  readonly session: Session;
  readonly role: Role;
  readonly disabledAt: number | null;
}

/** When, from where and by what a session is used. */
export interface SessionUse {
  readonly at: number;
  readonly address: string | null;
  readonly agent: string | null;
}

/** Hashes of the tokens that a session gets when it is renewed. */
type NextTokens = Pick<Session, "refreshHash" | "accessHash">;

/** Sessions in the database. */
export class SessionStore {
  readonly #db: Kysely<AuthTables>;
  readonly #lockUser: LockUser;
  readonly #holder: (id: string) => Promise<HolderRow | undefined>;

  constructor(db: Kysely<AuthTables>, lockUser: LockUser) {
    this.#db = db;
    this.#lockUser = lockUser;
    const holders = prepared(db, (within, of: { readonly ids: string }) =>
      isPostgres(within) ? lateralHolders(within, of) : joinedHolders(within, of),
    );
    this.#holder = groupLookups(
      (ids) => holders(db, { ids }),
      ({ id }) => [id],
    );
  }

  create(session: Session): Promise<void> {
    return insert(this.#db, session);
  }

  /**
   * Starts a session and ends the oldest ones of the user, so that at most `most` live. Returns the ids of those that
   * it ended; undefined when the account is disabled or `hasPassword` returns false for its password's hash: then
   * nothing has changed. The user's row is locked, so that a change of the password comes before this session or ends
   * it.
   */
  async start(
    session: Session,
    most: number,
    hasPassword: (passwordHash: string) => boolean,
  ): Promise<readonly string[] | undefined> {
    const { userId, createdAt: now } = session;
    return this.#db.transaction().execute(async (transaction) => {
      const user = await this.#lockUser(transaction, userId);
      if (user?.disabledAt !== null || !hasPassword(user.passwordHash)) return undefined;
      const live = (await list(transaction, userId)).filter((one) => isLive(one, now)).map(({ id }) => id);
      const surplus = live.slice(0, Math.max(0, live.length + 1 - most));
      for (const id of surplus) await end(transaction, id, "ended", now);
      await insert(transaction, session);
      return surplus;
    });
  }

  /** Looks up a session and its user: all that are asked for within a few milliseconds in one query. */
  async find(id: string): Promise<SessionHolder | undefined> {
    const row = await this.#holder(id);
    return row && { session: fields(row), role: row.role, disabledAt: row.disabled_at };
  }

  /** The addresses from which the user has signed in or renewed after a time. */
  async addressesOf(userId: string, since: number): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom("sessions")
      .select("address")
      .distinct()
      .where("user_id", "=", userId)
      .where("used_at", ">", since)
      .execute();
    return rows.flatMap(({ address }) => (address === null ? [] : [address]));
  }

  /** A user's sessions that have not been ended, the oldest first. */
  list(userId: string): Promise<readonly Session[]> {
    return list(this.#db, userId);
  }

  /**
   * Puts the next refresh token in the place of the current one, and the access token that is issued with it in the
   * place of the one before, by their hashes; false when another request was faster or the session ended.
   */
  async rotate(id: string, from: string, to: NextTokens, use: SessionUse): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("sessions")
      .set({ refresh_hash: to.refreshHash, previous_hash: from, access_hash: to.accessHash })
      .set({ rotated_at: use.at, used_at: use.at })
      .set({ address: use.address, agent: use.agent })
      .where("id", "=", id)
      .where("refresh_hash", "=", from)
      .where("ended_at", "is", null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** Ids of the sessions that have ended since a time. */
  async endedSince(since: number): Promise<readonly string[]> {
    const rows = await this.#db.selectFrom("sessions").select("id").where("ended_at", ">=", since).execute();
    return rows.map(({ id }) => id);
  }

  /** Deletes the sessions that were started before a time, and those that had ended before another one. */
  async prune(startedBefore: number, endedBefore: number): Promise<void> {
    await this.#db.deleteFrom("sessions").where("created_at", "<", startedBefore).execute();
    await this.#db.deleteFrom("sessions").where("ended_at", "<", endedBefore).execute();
  }

  /** False when it had ended already. */
  end(id: string, reason: EndReason, now: number): Promise<boolean> {
    return end(this.#db, id, reason, now);
  }
}

/** A session's row, with what decides whether its user may still act. */
type HolderRow = SessionsTable & { readonly role: Role; readonly disabled_at: number | null };

/** Sessions and their users; `ids` is a JSON array of arrays. */
const joinedHolders = (db: Kysely<AuthTables>, { ids }: { readonly ids: string }) =>
  db
    .selectFrom(jsonTable(db, ids).as<"asked">(sql`asked`))
    .innerJoin("sessions", (join) => join.on("sessions.id", "=", sql<string>`asked.value ->> 0`))
    .innerJoin("users", "users.id", "sessions.user_id")
    .selectAll("sessions")
    .select(["users.role", "users.disabled_at"]);

/** The same for PostgreSQL: see `lateralStandings`. */
const lateralHolders = (db: Kysely<AuthTables>, { ids }: { readonly ids: string }) =>
  db
    .selectFrom(jsonTable(db, ids).as<"asked">(sql`asked`))
    .innerJoinLateral(
      ({ selectFrom }) =>
        selectFrom("sessions")
          .selectAll()
          .where("id", "=", sql<string>`asked.value ->> 0`)
          .offset(sql.lit(0))
          .as("sessions"),
      (join) => join.onTrue(),
    )
    .innerJoinLateral(
      ({ selectFrom }) =>
        selectFrom("users")
          .select(["role", "disabled_at"])
          .whereRef("id", "=", "sessions.user_id")
          .offset(sql.lit(0))
          .as("users"),
      (join) => join.onTrue(),
    )
    .selectAll("sessions")
    .select(["users.role", "users.disabled_at"]);

async function insert(db: Kysely<AuthTables>, session: Session): Promise<void> {
  await db
    .insertInto("sessions")
    .values({
      id: session.id,
      user_id: session.userId,
      refresh_hash: session.refreshHash,
      previous_hash: session.previousHash,
      access_hash: session.accessHash,
      rotated_at: session.rotatedAt,
      created_at: session.createdAt,
      used_at: session.usedAt,
      ended_at: session.endedAt,
      end_reason: null,
      address: session.address,
      agent: session.agent,
    })
    .execute();
}

async function list(db: Kysely<AuthTables>, userId: string): Promise<readonly Session[]> {
  const query = db.selectFrom("sessions").selectAll().where("user_id", "=", userId).where("ended_at", "is", null);
  return (await query.orderBy("created_at").orderBy("id").execute()).map(fields);
}

async function end(db: Kysely<AuthTables>, id: string, reason: EndReason, now: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("sessions")
    .set({ ended_at: now, end_reason: reason })
    .where("id", "=", id)
    .where("ended_at", "is", null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

function fields(row: SessionsTable): Session {
  return {
    id: row.id,
    userId: row.user_id,
    refreshHash: row.refresh_hash,
    previousHash: row.previous_hash,
    accessHash: row.access_hash,
    rotatedAt: row.rotated_at,
    createdAt: row.created_at,
    usedAt: row.used_at,
    endedAt: row.ended_at,
    address: row.address,
    agent: row.agent,
  };
}
