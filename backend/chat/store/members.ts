import { type Kysely, sql, type Transaction } from "kysely";
import { inOwnTransaction, Undo, undoable } from "../../store/index.ts";
import type { Role } from "../../surface/roles.ts";
import type { LockUser } from "../../users/index.ts";
import type { RoomRole, Standing } from "../membership.ts";
import type { Enter } from "./entering.ts";
import { countRooms, isAtLimit, MemberQueries, type RoomLimits } from "./member-queries.ts";
import { lockRoom } from "./room-lock.ts";
import { type Actor, findAuthor, findStanding } from "./standing.ts";
import type { ChatTables } from "./tables.ts";

/** A membership that has ended. */
export interface EndedMembership {
  /** The room's revision at which the user has left. */
  readonly revision: number;
  /** The new owner of the room, when the last one has left. */
  readonly successor: string | undefined;
}

/** Runs in the transaction that makes a change, after the room is locked. Throws when the change may not be made. */
export type ChangeCheck = (transaction: Transaction<ChatTables>) => Promise<void>;

/** Throws when the actor may not change the membership of the target, a user whose role on the site is `targetRole`. */
export type MemberPermission = (actor: Standing | undefined, target: Standing | undefined, targetRole: Role) => void;

const noCheck: ChangeCheck = async () => undefined;

/**
 * Members of rooms in the database. Every change of a membership locks the room's row, so that joins, leaves, roles and
 * messages of a room have one order on all nodes. A change that depends on the user too (the number of rooms, whether
 * the account is enabled) locks the user's row first (`users/locks.ts`).
 */
export class MemberStore extends MemberQueries {
  /** Makes a user a member of a room. */
  readonly enter: Enter;
  readonly #db: Kysely<ChatTables>;
  readonly #lockUser: LockUser;

  constructor(db: Kysely<ChatTables>, enter: Enter, lockUser: LockUser) {
    super(db);
    this.enter = enter;
    this.#db = db;
    this.#lockUser = lockUser;
  }

  /** Makes a check that calls `permission` with the standings of both users in the transaction of the change. */
  permissionCheck(room: string, actor: Actor, target: string, permission: MemberPermission): ChangeCheck {
    return async (transaction) => {
      const actorStanding = (await findAuthor(transaction, room, actor))?.standing;
      const targetStanding = await findStanding(transaction, room, target);
      const user = await transaction.selectFrom("users").select("role").where("id", "=", target).executeTakeFirst();
      permission(actorStanding, targetStanding, user?.role ?? "user");
    };
  }

  /**
   * Ends a membership; undefined when there was none. When the last owner leaves, the moderator who was a member for
   * the longest time becomes the owner; where there is none, the member. A private room without members is closed.
   */
  async end(
    room: string,
    userId: string,
    state: "out" | "banned",
    at: number,
    check: ChangeCheck = noCheck,
  ): Promise<EndedMembership | undefined> {
    return undoable(inOwnTransaction(this.#db), async (transaction) => {
      const changedRoom = await transaction
        .updateTable("rooms")
        .set((row) => ({ members: row("members", "-", 1), revision: row("revision", "+", 1) }))
        .where("name", "=", room)
        .returning(["revision", "members", "kind"])
        .executeTakeFirst();
      await check(transaction);
      if (!changedRoom) return undefined;
      const ofRoom = transaction.selectFrom("members").select("role").where("room", "=", room);
      const membership = await ofRoom.where("user_id", "=", userId).where("state", "=", "in").executeTakeFirst();
      if (!membership) throw new Undo(undefined);
      await transaction
        .updateTable("members")
        .set({ state, role: "member", since: changedRoom.revision, ended_at: at })
        .where("room", "=", room)
        .where("user_id", "=", userId)
        .execute();
      if (changedRoom.members === 0 && changedRoom.kind === "private") {
        await transaction.updateTable("rooms").set({ closed_at: at }).where("name", "=", room).execute();
      }
      const successor = membership.role === "owner" ? await appointOwner(transaction, room) : undefined;
      return { revision: changedRoom.revision, successor };
    });
  }

  /** Bans a user who is not in the room. Returns false when the user is in it. */
  async banOutsider(room: string, userId: string, at: number, check: ChangeCheck = noCheck): Promise<boolean> {
    return this.#changeInRoom(room, check, async (transaction) => {
      const banned = await transaction
        .insertInto("members")
        .values({ ...newMemberRow(room, userId, at), state: "banned" })
        .onConflict((conflict) =>
          conflict.columns(["room", "user_id"]).doUpdateSet({ state: "banned" }).where("members.state", "!=", "in"),
        )
        .returning("room")
        .executeTakeFirst();
      return banned !== undefined;
    });
  }

  /**
   * Invites a user. `known` when the user is in the room, invited or banned; `too-many` when the user has so many open
   * invitations; `disabled` when the account is disabled.
   */
  async invite(
    room: string,
    userId: string,
    at: number,
    {
      check = noCheck,
      maxInvitations = Number.POSITIVE_INFINITY,
    }: { readonly check?: ChangeCheck; readonly maxInvitations?: number } = {},
  ): Promise<"invited" | "known" | "too-many" | "disabled"> {
    return this.#db.transaction().execute(async (transaction) => {
      const user = await this.#lockUser(transaction, userId);
      await lockRoom(transaction, room);
      await check(transaction);
      if (user?.disabledAt !== null) return "disabled";
      if ((await countRooms(transaction, userId)).invited >= maxInvitations) return "too-many";
      const invited = await transaction
        .insertInto("members")
        .values({ ...newMemberRow(room, userId, at), state: "invited" })
        .onConflict((conflict) =>
          conflict.columns(["room", "user_id"]).doUpdateSet({ state: "invited" }).where("members.state", "=", "out"),
        )
        .returning("room")
        .executeTakeFirst();
      return invited ? "invited" : "known";
    });
  }

  /** Takes back a ban or an invitation. Returns false when there was none. */
  async revoke(
    room: string,
    userId: string,
    from: "banned" | "invited",
    at: number,
    check: ChangeCheck = noCheck,
  ): Promise<boolean> {
    return this.#changeInRoom(room, check, async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable("members")
        .set({ state: "out", ended_at: at })
        .where("room", "=", room)
        .where("user_id", "=", userId)
        .where("state", "=", from)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    });
  }

  /**
   * Sets a member's role. `last-owner` when the room would have no owner, or the user is not in it; `too-many` when
   * the user would own, or is in, more rooms than `limits` allow.
   */
  async setRole(
    room: string,
    userId: string,
    role: RoomRole,
    { check = noCheck, limits }: { readonly check?: ChangeCheck; readonly limits?: RoomLimits } = {},
  ): Promise<"set" | "last-owner" | "too-many"> {
    return this.#db.transaction().execute(async (transaction) => {
      if (limits) {
        await this.#lockUser(transaction, userId);
        if (isAtLimit(await countRooms(transaction, userId), limits)) return "too-many";
      }
      await transaction
        .updateTable("rooms")
        .set((row) => ({ revision: row("revision", "+", 1) }))
        .where("name", "=", room)
        .execute();
      await check(transaction);
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
      return numUpdatedRows > 0n ? "set" : "last-owner";
    });
  }

  /**
   * Mutes a user until a time in milliseconds since 1970; null unmutes. Returns false for a user who never was in the
   * room.
   */
  async setMuted(room: string, userId: string, until: number | null, check: ChangeCheck = noCheck): Promise<boolean> {
    return this.#changeInRoom(room, check, async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable("members")
        .set({ muted_until: until })
        .where("room", "=", room)
        .where("user_id", "=", userId)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    });
  }

  /** Deletes memberships that ended before a time. Those of users who are still muted stay. */
  async prune(before: number, now: number): Promise<void> {
    await this.#db
      .deleteFrom("members")
      .where("ended_at", "<", before)
      .where("state", "=", "out")
      .where("peer_id", "is", null) // only a user with a membership can enter a direct room again
      .where((row) => row.or([row("muted_until", "is", null), row("muted_until", "<", now)]))
      .execute();
  }

  /** Runs a change in a transaction with the room locked and the check passed. */
  #changeInRoom<T>(
    room: string,
    check: ChangeCheck,
    change: (transaction: Transaction<ChatTables>) => Promise<T>,
  ): Promise<T> {
    return this.#db.transaction().execute(async (transaction) => {
      await lockRoom(transaction, room);
      await check(transaction);
      return change(transaction);
    });
  }
}

/** The row of a user who had no membership in the room. */
function newMemberRow(room: string, userId: string, at: number) {
  const nothing = { ended_at: null, muted_until: null, peer_id: null };
  return { room, user_id: userId, role: "member" as const, since: 0, joined_at: at, ...nothing };
}

/** Makes another member the owner where none is left. Returns the new owner. */
async function appointOwner(transaction: Transaction<ChatTables>, room: string): Promise<string | undefined> {
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
