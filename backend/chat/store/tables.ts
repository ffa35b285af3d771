import type { Generated } from "kysely";
import type { AuthTables } from "../../auth/index.ts";
import type { MembershipState, RoomRole } from "../membership.ts";
import type { ReportOutcome } from "../moderation.ts";
import type { RoomKind } from "../room.ts";
import type { MessageSearchTable, SearchPositionsTable } from "./search/tables.ts";

/**
 * The tables that the queries of this feature may use. Times (`at`, `..._at`, `..._until`) are in milliseconds since
 * 1970. A `seq` is the number of a message in its room; that of a room is its newest message's.
 */
export type ChatTables = AuthTables & {
  users: StoredBytes;
  rooms: RoomsTable;
  messages: MessagesTable;
  members: MembersTable;
  read_marks: ReadMarksTable;
  reports: ReportsTable;
  search_positions: SearchPositionsTable;
  message_search: MessageSearchTable;
};

/** The column that this feature adds to the users. */
interface StoredBytes {
  /** Bytes that the user's messages take (`usage.ts`). */
  stored_bytes: Generated<number>;
}

interface RoomsTable {
  /** The room's key: a public room's name, else an id that starts with a tilde. */
  name: string;
  epoch: string;
  seq: number;
  created_at: number;
  kind: RoomKind;
  title: string | null;
  created_by: string | null;
  revision: number;
  members: number;
  /** `browseKey` of a public room's name; null keeps all others out of the list. */
  browse_key: string | null;
  /** When the last member left a private room: no user can enter it any more, and it is removed later. */
  closed_at: number | null;
}

export interface MessagesTable {
  room: string;
  seq: number;
  author_id: string;
  client_id: string;
  /** Empty when the message is deleted. */
  text: string;
  at: number;
  /** JSON array of user ids; null for none. */
  mentions: string | null;
  /** The room's revision when it was last changed; null while it is as it was sent. */
  revision: number | null;
  edited_at: number | null;
  deleted_at: number | null;
}

interface MembersTable {
  room: string;
  user_id: string;
  role: RoomRole;
  state: MembershipState;
  /** The room's revision when the user last joined or left. */
  since: number;
  joined_at: number;
  /** When the membership last ended: nodes that missed the event find it by this time. */
  ended_at: number | null;
  muted_until: number | null;
  /** The other member of a direct room. */
  peer_id: string | null;
}

interface ReportsTable {
  /** Sorts by time. */
  id: string;
  at: number;
  reporter_id: string;
  reason: string;
  room: string;
  seq: number;
  author_id: string;
  text: string;
  settled_at: number | null;
  settled_by: string | null;
  outcome: ReportOutcome | null;
}

/** How far a user has read a room. */
interface ReadMarksTable {
  room: string;
  user_id: string;
  /** The mark is valid in this epoch alone. */
  epoch: string;
  seq: number;
}
