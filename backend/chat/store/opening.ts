import type { Kysely, Transaction } from "kysely";
import { inOwnTransaction, prepared, Undo, undoable } from "../../store/index.ts";
import { skeleton } from "../../text/look-alike.ts";
import type { LockUser, TakeName } from "../../users/index.ts";
import type { RoomRole } from "../membership.ts";
import type { RoomKind } from "../room.ts";
import { browseKey } from "../room-key.ts";
import { newEpoch } from "./entering.ts";
import { isAtLimit, type RoomLimits, roomCounter } from "./member-queries.ts";
import type { ChatTables } from "./tables.ts";

/** A room that is to be opened. */
interface NewRoom {
  readonly key: string;
  readonly kind: RoomKind;
  readonly title: string | null;
  readonly openedBy: string;
  readonly at: number;
}

/** A user who is a member of a room when it is opened. */
interface FirstMember {
  readonly id: string;
  readonly role: RoomRole;
  /** The other member of a direct room; null in other rooms. */
  readonly peerId: string | null;
}

/** Limits of the user who opens a room: rooms opened since a time, and rooms to be in and to own. */
interface OpeningLimits {
  readonly maxOpened: number;
  readonly openedSince: number;
  readonly rooms?: RoomLimits | undefined;
}

/**
 * The result of opening a room: `exists` when there is one with this key; `looks-alike` when the name of another public
 * room looks like this one's; `disabled` when one of the first members does not exist or is disabled;
 * `opened-too-many` and `too-many-rooms` when a limit is reached.
 */
type OpeningOutcome = "opened" | "exists" | "looks-alike" | "disabled" | "opened-too-many" | "too-many-rooms";

/** Opens a room with its first members. Without `limits`, nothing is limited, and the users need not exist. */
export type OpenRoom = (
  room: NewRoom,
  first: readonly FirstMember[],
  limits?: OpeningLimits,
) => Promise<OpeningOutcome>;

/** The functions of the users' store that opening a room uses. */
export interface OpeningParts {
  readonly lockUser: LockUser;
  readonly takeName: TakeName;
}

/**
 * Makes `OpenRoom`, with queries that are built once. A user who joins by name a room that does not exist opens it by
 * `Enter`.
 */
export function roomOpener(db: Kysely<ChatTables>, { lockUser, takeName }: OpeningParts): OpenRoom {
  const { countOpened, insertRoom, insertMember } = openingQueries(db);
  const countRooms = roomCounter(db);
  const takeRoomName = (transaction: Transaction<ChatTables>, room: string) =>
    takeName(transaction, { kind: "room", key: skeleton(room), owner: room });

  /** Locks several users in the order of their ids. False when one of them does not exist or is disabled. */
  async function lockEnabledUsers(transaction: Transaction<ChatTables>, ids: readonly string[]): Promise<boolean> {
    let areEnabled = true;
    for (const userId of [...new Set(ids)].sort()) {
      const user = await lockUser(transaction, userId);
      if (user?.disabledAt !== null) areEnabled = false;
    }
    return areEnabled;
  }

  return ({ key, kind, title, openedBy, at }, first, limits) =>
    undoable(inOwnTransaction(db), async (transaction): Promise<OpeningOutcome> => {
      if (limits) {
        const { maxOpened, openedSince, rooms } = limits;
        if (!(await lockEnabledUsers(transaction, [openedBy, ...first.map(({ id }) => id)]))) return "disabled";
        const [before] = await countOpened(transaction, { openedBy, kind, openedSince });
        if ((before?.count ?? 0) >= maxOpened) return "opened-too-many";
        if (rooms && isAtLimit(await countRooms(transaction, openedBy), rooms)) return "too-many-rooms";
      }
      const epoch = newEpoch();
      const nameKey = kind === "public" ? browseKey(key) : null;
      const members = first.length;
      const room = await insertRoom(transaction, { key, kind, title, epoch, at, openedBy, members, nameKey });
      if (room.length === 0) return "exists";
      if (kind === "public" && !(await takeRoomName(transaction, key))) throw new Undo<OpeningOutcome>("looks-alike");
      for (const { id, role, peerId } of first) await insertMember(transaction, { room: key, id, role, at, peerId });
      return "opened";
    });
}

/** The values of a room's row. */
interface RoomValues extends NewRoom {
  readonly epoch: string;
  readonly members: number;
  readonly nameKey: string | null;
}

/** The values of a member's row. */
interface MemberValues extends FirstMember {
  readonly room: string;
  readonly at: number;
}

function openingQueries(db: Kysely<ChatTables>) {
  return {
    /** How many rooms of a kind a user has opened since a time. */
    countOpened: prepared(db, (builder, values: { openedBy: string; kind: RoomKind; openedSince: number }) =>
      builder
        .selectFrom("rooms")
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .where("created_by", "=", values.openedBy)
        .where("kind", "=", values.kind)
        .where("created_at", ">", values.openedSince),
    ),
    insertRoom: prepared(db, (builder, values: RoomValues) =>
      builder
        .insertInto("rooms")
        .values({
          ...{ name: values.key, kind: values.kind, title: values.title, epoch: values.epoch, seq: 0, revision: 0 },
          ...{ created_at: values.at, created_by: values.openedBy, members: values.members },
          ...{ browse_key: values.nameKey, closed_at: null },
        })
        .onConflict((conflict) => conflict.column("name").doNothing())
        .returning("name"),
    ),
    insertMember: prepared(db, (builder, values: MemberValues) =>
      builder.insertInto("members").values({
        ...{
          room: values.room,
          user_id: values.id,
          role: values.role,
          state: "in" as const,
          since: 0,
          joined_at: values.at,
        },
        ...{ ended_at: null, muted_until: null, peer_id: values.peerId },
      }),
    ),
  };
}
