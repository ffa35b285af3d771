import type { AuditAction } from "../domain/audit.ts";
import type { MailPurpose } from "../domain/mail-token.ts";
import type { Role } from "../surface.ts";

/*
 * The tables, in types that SQLite and PostgreSQL share: text, and integers for everything counted. Times are milliseconds since
 * 1970 in a `bigint` column. Migrations create them; this is how the program sees them.
 */

export interface Schema {
  keys: KeysTable;
  users: UsersTable;
  sessions: SessionsTable;
  rooms: RoomsTable;
  messages: MessagesTable;
  read_marks: ReadMarksTable;
  audit: AuditTable;
  mail_tokens: MailTokensTable;
}

export interface KeysTable {
  purpose: "access" | "refresh" | "setup";
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

export interface RoomsTable {
  name: string;
  epoch: string;
  seq: number;
  created_at: number;
}

export interface MessagesTable {
  room: string;
  seq: number;
  author_id: string;
  client_id: string;
  text: string;
  at: number;
}

export interface ReadMarksTable {
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
  /** Who did it; null when nobody was signed in. */
  actor_id: string | null;
  /** Whom it concerns. */
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
