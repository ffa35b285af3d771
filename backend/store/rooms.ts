import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { RoomRole } from "../domain/membership.ts";
import type { RoomKind } from "../domain/room.ts";
import { browseKey } from "../domain/room-key.ts";
import type { RoomPosition } from "../domain/room-position.ts";
import { lockEnabledUsers } from "./locks.ts";
import { takeRoomName } from "./name-keys.ts";
import { removeMessages } from "./retention.ts";
import { countRooms, isBeyond, type Most } from "./rosters.ts";
import type { Schema } from "./schema.ts";
import { standings } from "./standing.ts";
import { Undo, undoable } from "./transactions.ts";
import type { Usage } from "./usage.ts";

/** A room that is about to be. */
export interface NewRoom {
  readonly key: string;
  readonly kind: RoomKind;
  readonly title: string | null;
  readonly openedBy: string;
  readonly at: number;
}

/** Somebody who is in a room from its beginning. */
export interface FirstMember {
  readonly id: string;
  readonly role: RoomRole;
  /** The other one in a direct room. */
  readonly peerId: string | null;
}

/** A room as one of its members lists it. */
export interface RoomRow {
  readonly key: string;
  readonly kind: RoomKind;
  readonly title: string | null;
  readonly epoch: string;
  readonly seq: number;
  readonly members: number;
  readonly role: RoomRole;
  readonly isInvited: boolean;
  readonly mutedUntil: number | null;
  readonly peer: { readonly id: string; readonly name: string } | undefined;
  readonly read: number;
}

/** How many rooms the user who opens one may have opened since a time, be in and own. */
export interface OpeningLimits {
  readonly opened: number;
  readonly since: number;
  readonly most?: Most | undefined;
}

/**
 * What came of opening a room: `exists` when there is one with this key, `looks-alike` when a public room's name looks
 * like it, `disabled` when one of the first members does not exist or is disabled, the other two when a limit is
 * reached.
 */
export type Opening = "opened" | "exists" | "looks-alike" | "disabled" | "opened-too-many" | "too-many-rooms";

export type RoomStore = ReturnType<typeof roomStore>;

/** Messages of closed rooms that are removed at once: more would hold up who writes. */
const SLICE = 500;
/** After every character of a `browseKey`, in every collation. */
const BEYOND = "z";

export function roomStore(db: Kysely<Schema>, usage: Usage) {
  return {
    standing: standings(db),

    /** Makes a room with its first members. Without `limits` there are none, and the users need not exist. */
    async open(room: NewRoom, first: readonly FirstMember[], limits?: OpeningLimits): Promise<Opening> {
      const { key, kind, title, openedBy, at } = room;
      return undoable(db, async (transaction): Promise<Opening> => {
        if (limits) {
          const { opened, since, most } = limits;
          if (!(await lockEnabledUsers(transaction, [openedBy, ...first.map(({ id }) => id)]))) return "disabled";
          if ((await openedSince(transaction, openedBy, kind, since)) >= opened) return "opened-too-many";
          if (most && isBeyond(await countRooms(transaction, openedBy), most)) return "too-many-rooms";
        }
        const opened = await transaction
          .insertInto("rooms")
          .values({
            name: key,
            kind,
            title,
            epoch: randomBytes(9).toString("base64url"),
            seq: 0,
            created_at: at,
            created_by: openedBy,
            revision: 0,
            members: first.length,
            browse_key: kind === "public" ? browseKey(key) : null,
            closed_at: null,
          })
          .onConflict((conflict) => conflict.column("name").doNothing())
          .returning("name")
          .executeTakeFirst();
        if (!opened) return "exists";
        if (kind === "public" && !(await takeRoomName(transaction, key))) throw new Undo<Opening>("looks-alike");
        if (first.length === 0) return "opened";
        await transaction
          .insertInto("members")
          .values(
            first.map(({ id, role, peerId }) => ({
              room: key,
              user_id: id,
              role,
              state: "in" as const,
              since: 0,
              joined_at: at,
              ended_at: null,
              muted_until: null,
              peer_id: peerId,
            })),
          )
          .execute();
        return "opened";
      });
    },

    /** Public rooms whose names start so, in their order, after one if it is named. */
    async browse(prefix: string, after: string | undefined, limit: number) {
      const start = browseKey(prefix);
      const all = db
        .selectFrom("rooms")
        .select(["name as room", "members"])
        .where("browse_key", ">=", start)
        .where("browse_key", "<", start + BEYOND);
      const query = after === undefined ? all : all.where("browse_key", ">", browseKey(after));
      return query.orderBy("browse_key").limit(limit).execute();
    },

    /**
     * The rooms a user is in or invited to, in the order of their keys, after one if it is named; or only this one.
     */
    async list(
      userId: string,
      limit: number,
      where: { readonly after?: string | undefined; readonly room?: string } = {},
    ): Promise<readonly RoomRow[]> {
      let query = db
        .selectFrom("members")
        .innerJoin("rooms", "rooms.name", "members.room")
        .leftJoin("users as peers", "peers.id", "members.peer_id")
        .leftJoin("read_marks", (join) =>
          join
            .onRef("read_marks.room", "=", "members.room")
            .onRef("read_marks.user_id", "=", "members.user_id")
            .onRef("read_marks.epoch", "=", "rooms.epoch"),
        )
        .select(["rooms.name as key", "rooms.kind", "rooms.title", "rooms.epoch", "rooms.seq", "rooms.members"])
        .select(["members.role", "members.state", "members.muted_until as mutedUntil"])
        .select(["peers.id as peerId", "peers.name as peerName", "read_marks.seq as read"])
        .where("members.user_id", "=", userId)
        .where("members.state", "in", ["in", "invited"])
        .where("rooms.closed_at", "is", null);
      if (where.after !== undefined) query = query.where("members.room", ">", where.after);
      if (where.room !== undefined) query = query.where("members.room", "=", where.room);
      const rows = await query.orderBy("members.room").limit(limit).execute();
      return rows.map(({ state, peerId, peerName, read, ...row }) => ({
        ...row,
        isInvited: state === "invited",
        peer: peerId !== null && peerName !== null ? { id: peerId, name: peerName } : undefined,
        read: read ?? 0,
      }));
    },

    /** Where the messages and changes of these rooms stand. */
    async positions(rooms: readonly string[]): Promise<readonly RoomPosition[]> {
      if (rooms.length === 0) return [];
      const query = db.selectFrom("rooms").select(["name as room", "epoch", "seq", "revision"]);
      return query.where("name", "in", rooms).execute();
    },

    /** Removes private rooms that the last one has left, a slice of their messages at a time. */
    async prune(): Promise<void> {
      for (;;) {
        const closed = await db
          .selectFrom("rooms")
          .select("name")
          .where("closed_at", "is not", null)
          .orderBy("closed_at")
          .limit(1)
          .executeTakeFirst();
        if (!closed) return;
        const slice = await db
          .selectFrom("messages")
          .select("seq")
          .where("room", "=", closed.name)
          .orderBy("seq")
          .limit(SLICE)
          .execute();
        const last = slice.at(-1);
        if (last) await removeMessages(db, usage, closed.name, last.seq);
        else await db.deleteFrom("rooms").where("name", "=", closed.name).where("closed_at", "is not", null).execute();
      }
    },
  };
}

/** How many rooms of a kind a user has opened since a time. */
async function openedSince(db: Kysely<Schema>, userId: string, kind: RoomKind, since: number): Promise<number> {
  const { count } = await db
    .selectFrom("rooms")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("created_by", "=", userId)
    .where("kind", "=", kind)
    .where("created_at", ">", since)
    .executeTakeFirstOrThrow();
  return count;
}
