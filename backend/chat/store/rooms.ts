import { setTimeout as delay } from "node:timers/promises";
import type { Kysely } from "kysely";
import type { RoomRole } from "../membership.ts";
import type { RoomKind } from "../room.ts";
import { browseKey } from "../room-key.ts";
import type { RoomPosition } from "../room-position.ts";
import { type OpeningParts, type OpenRoom, roomOpener } from "./opening.ts";
import { MESSAGES_PER_REMOVAL, REMOVAL_PAUSE_MS, removeMessages } from "./retention.ts";
import { standingFinder } from "./standing.ts";
import type { ChatTables } from "./tables.ts";
import type { Usage } from "./usage.ts";

/** A room in the list of a user who is in it or invited to it. */
export interface RoomRow {
  readonly key: string;
  readonly kind: RoomKind;
  readonly title: string | null;
  readonly epoch: string;
  readonly seq: number;
  readonly members: number;
  readonly role: RoomRole;
  readonly isInvited: boolean;
  /** Milliseconds since 1970. */
  readonly mutedUntil: number | null;
  /** The other member of a direct room. */
  readonly peer: { readonly id: string; readonly name: string } | undefined;
  /** The number of the newest message that the user has read; 0 for none. */
  readonly read: number;
}

/** Sorts after every character of a `browseKey`, in every collation. */
const AFTER_HEX_DIGITS = "z";

/** Rooms in the database. */
export class RoomStore {
  readonly findStanding: ReturnType<typeof standingFinder>;
  readonly open: OpenRoom;
  readonly #db: Kysely<ChatTables>;
  readonly #usage: Usage;

  constructor(db: Kysely<ChatTables>, usage: Usage, parts: OpeningParts) {
    this.findStanding = standingFinder(db);
    this.open = roomOpener(db, parts);
    this.#db = db;
    this.#usage = usage;
  }

  /** Public rooms whose names start with the prefix, sorted; with `after`, those after this room. */
  async browse(prefix: string, after: string | undefined, limit: number) {
    const start = browseKey(prefix);
    const all = this.#db
      .selectFrom("rooms")
      .select(["name as room", "members"])
      .where("browse_key", ">=", start)
      .where("browse_key", "<", start + AFTER_HEX_DIGITS);
    const query = after === undefined ? all : all.where("browse_key", ">", browseKey(after));
    return query.orderBy("browse_key").limit(limit).execute();
  }

  /**
   * The rooms that a user is in or invited to, sorted by their keys: those after the room `after`, or only `room`.
   */
  async list(
    userId: string,
    limit: number,
    where: { readonly after?: string | undefined; readonly room?: string } = {},
  ): Promise<readonly RoomRow[]> {
    let query = this.#db
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
  }

  /** The latest positions of these rooms. */
  async positions(rooms: readonly string[]): Promise<readonly RoomPosition[]> {
    if (rooms.length === 0) return [];
    const query = this.#db.selectFrom("rooms").select(["name as room", "epoch", "seq", "revision"]);
    return query.where("name", "in", rooms).execute();
  }

  /** Removes private rooms that all members have left. Removes their messages first, some at a time. */
  async prune(signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted) {
      const closed = await this.#db
        .selectFrom("rooms")
        .select("name")
        .where("closed_at", "is not", null)
        .orderBy("closed_at")
        .limit(1)
        .executeTakeFirst();
      if (!closed) return;
      const slice = await this.#db
        .selectFrom("messages")
        .select("seq")
        .where("room", "=", closed.name)
        .orderBy("seq")
        .limit(MESSAGES_PER_REMOVAL)
        .execute();
      const last = slice.at(-1);
      if (last) {
        await removeMessages(this.#db, this.#usage, closed.name, last.seq);
        await delay(REMOVAL_PAUSE_MS);
      } else
        await this.#db.deleteFrom("rooms").where("name", "=", closed.name).where("closed_at", "is not", null).execute();
    }
  }
}
