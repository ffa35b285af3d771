import type { Generated } from "kysely";
import type { MembershipState, RoomRole } from "../chat/membership.ts";
import type { Outcome } from "../chat/moderation.ts";
import type { RoomKind } from "../chat/room.ts";
import type { Role } from "../surface.ts";
import type { AuditAction } from "../users/audit.ts";
import type { MailPurpose } from "../users/mail-token.ts";

/*
 * The tables, in types that SQLite and PostgreSQL share: text, and integers for everything counted. Times are
 * milliseconds since 1970 in a `bigint` column. Migrations create them; this is how the program sees them.
 */

export interface Schema {
  keys: KeysTable;
  users: UsersTable;
  sessions: SessionsTable;
  rooms: RoomsTable;
  messages: MessagesTable;
  members: MembersTable;
  read_marks: ReadMarksTable;
  reports: ReportsTable;
  audit: AuditTable;
  mail_tokens: MailTokensTable;
  locks: LocksTable;
  name_keys: NameKeysTable;
  throttles: ThrottlesTable;
}

export interface KeysTable {
  purpose: "access" | "refresh" | "setup" | "throttle";
  /** 1, 2, 3 ...: the newest signs. */
  generation: number;
  material: string;
  created_at: number;
  /** When it stopped signing; its public half is trusted until the last token it signed has expired. */
  retired_at: number | null;
}

export interface UsersTable {
  id: string;
  /** In its one spelling (`emailAddress`), unique. */
  email: string;
  name: string;
  /** argon2id PHC string. */
  password_hash: string;
  role: Role;
  created_at: number;
  disabled_at: number | null;
  /** When the address was shown to be the user's own. */
  verified_at: number | null;
  /** Bytes that the user's messages take (`usage.ts`). */
  stored_bytes: Generated<number>;
  /** When the role was last changed: how nodes find out that did not hear of it. */
  role_changed_at: number | null;
}

export interface SessionsTable {
  id: string;
  user_id: string;
  refresh_hash: string;
  previous_hash: string | null;
  rotated_at: number;
  created_at: number;
  used_at: number;
  ended_at: number | null;
  end_reason: string | null;
  /** Where it was last used from, and by what. */
  address: string | null;
  agent: string | null;
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
  /** When the last member left a private room: no user can reach it, and it is removed. */
  closed_at: number | null;
}

export interface MessagesTable {
  room: string;
  seq: number;
  author_id: string;
  client_id: string;
  /** Empty once it is deleted. */
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
  /** The room's revision at the last coming or going. */
  since: number;
  joined_at: number;
  /** When a membership last ended: how nodes find out that did not hear of it. */
  ended_at: number | null;
  muted_until: number | null;
  /** The other one in a direct room. */
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
  outcome: Outcome | null;
}

/** How far a user has read a room. */
interface ReadMarksTable {
  room: string;
  user_id: string;
  /** The mark counts only within it. */
  epoch: string;
  seq: number;
}

export interface AuditTable {
  /** Sorts by time. */
  id: string;
  at: number;
  action: AuditAction;
  /** Who did it; null when the client was not signed in. */
  actor_id: string | null;
  /** The user that it concerns. */
  subject_id: string;
  address: string | null;
  detail: string | null;
}

export interface MailTokensTable {
  user_id: string;
  purpose: MailPurpose;
  /** SHA-256 of the link's token, base64url; null when it has been used or put out of use. */
  hash: string | null;
  email: string;
  issued_at: number;
  expires_at: number;
  /** Mails of this purpose to this user lately. */
  issues: number;
}

/** Rows that transactions write to so that others of their kind wait (`locks.ts`). */
interface LocksTable {
  name: "admins" | "write-check";
}

/** What no two names may share (`text/look-alike.ts`). Names from before this table may have none. */
export interface NameKeysTable {
  kind: "user" | "room";
  key: string;
  /** The user's id, or the room's key. */
  owner: string;
}

/** What throttles remember on all nodes (`throttles.ts`). PostgreSQL alone has it. */
interface ThrottlesTable {
  /** A keyed hash of what is counted. */
  key: string;
  count: number;
  until: number;
  at: number;
  /** 0 where nothing is remembered. */
  expires_at: number;
  /** JSON of `SavedTurns`; null for none. */
  turns: string | null;
}
