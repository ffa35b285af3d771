import type { StoreTables } from "../store/index.ts";
import type { Role } from "../surface/roles.ts";
import type { MailPurpose } from "./mail-token.ts";

/** The tables that the queries of this feature, and of those that build on it, may use. */
export type UsersTables = StoreTables & {
  users: UsersTable;
  audit: AuditTable;
  mail_tokens: MailTokensTable;
  name_keys: NameKeysTable;
  user_pictures: UserPicturesTable;
  removed_users: RemovedUsersTable;
};

export interface UsersTable {
  id: string;
  /** In its one spelling (`checkEmailAddress`), unique. */
  email: string;
  name: string;
  /** argon2id PHC string. */
  password_hash: string;
  role: Role;
  created_at: number;
  disabled_at: number | null;
  /** When the address was shown to be the user's own. */
  verified_at: number | null;
  /** When the role was last changed: nodes that did not get the event find the change by it. */
  role_changed_at: number | null;
}

export interface AuditTable {
  /** Sorts by time. */
  id: string;
  at: number;
  /** An action that a feature declares in `audits`, or one of a feature that was removed. */
  action: string;
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
  /** SHA-256 of the link's token, base64url; null when the link was used or made invalid. */
  hash: string | null;
  email: string;
  issued_at: number;
  expires_at: number;
  /** Mails of this purpose to this user lately. */
  issues: number;
}

/** Keys of names: no two names of a kind may have the same one (`text/look-alike.ts`). Older names may have none. */
export interface NameKeysTable {
  /** `user`, or a kind of names that another feature has, for example `room`. */
  kind: string;
  key: string;
  /** The user's id, or what identifies the thing that has the name. */
  owner: string;
}

/** The users whose accounts were removed: features that missed the event `user.removed` find them here. */
interface RemovedUsersTable {
  user_id: string;
  /** Milliseconds since 1970. */
  removed_at: number;
}

interface UserPicturesTable {
  user_id: string;
  /** What the picture's address ends with. */
  hash: string;
  /** Media type. */
  type: string;
  /** Without metadata. */
  bytes: Uint8Array;
  changed_at: number;
}
