import { Kysely } from "kysely";
import { type AuditStore, auditStore } from "./audit.ts";
import { type KeyStore, keyStore } from "./keys.ts";
import { type MailTokenStore, mailTokenStore } from "./mail-tokens.ts";
import { type MemberStore, memberStore } from "./members.ts";
import { type MessageStore, messageStore } from "./messages.ts";
import { migrate } from "./migrate.ts";
import { postgres } from "./postgres.ts";
import { type ReadMarkStore, readMarkStore } from "./read-marks.ts";
import { type ReportStore, reportStore } from "./reports.ts";
import { type RoomStore, roomStore } from "./rooms.ts";
import type { Schema } from "./schema.ts";
import { type SessionStore, sessionStore } from "./sessions.ts";
import { sqlite } from "./sqlite.ts";
import { apart, together } from "./transactions.ts";
import { type UserStore, userStore } from "./users.ts";

export type { Issued, MailToken } from "./mail-tokens.ts";
export type { Check, Ended, MemberStore } from "./members.ts";
export type { Judge, MessageStore } from "./messages.ts";
export type { RoomRow, RoomStore } from "./rooms.ts";
export type { SessionHolder, SessionStore, SessionUse } from "./sessions.ts";
export { StoreError } from "./store-error.ts";
export type { NewUser, User, UserStore } from "./users.ts";

/** Where the store keeps its data. */
export interface StoreOptions {
  /** Folder of the embedded database. */
  readonly dataDir: string;
  /** PostgreSQL, in the place of the embedded database. */
  readonly databaseUrl?: string | undefined;
}

/** Everything the backend remembers. */
export interface Store {
  readonly keys: KeyStore;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly rooms: RoomStore;
  readonly members: MemberStore;
  readonly messages: MessageStore;
  readonly readMarks: ReadMarkStore;
  readonly reports: ReportStore;
  readonly audit: AuditStore;
  readonly mailTokens: MailTokenStore;
  close(): Promise<void>;
}

/**
 * Opens the store, PostgreSQL where a URL is given and else the embedded database in `dataDir`, and brings its tables up to date.
 * Throws a `StoreError` when the place cannot be used or a newer program has been there.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { databaseUrl, dataDir } = options;
  const dialect = databaseUrl === undefined ? sqlite(dataDir) : await postgres(databaseUrl);
  const db = new Kysely<Schema>({ dialect });
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return {
    keys: keyStore(db),
    users: userStore(db),
    sessions: sessionStore(db),
    rooms: roomStore(db),
    members: memberStore(db),
    messages: messageStore(db, databaseUrl === undefined ? together(db) : apart(db)),
    readMarks: readMarkStore(db),
    reports: reportStore(db),
    audit: auditStore(db),
    mailTokens: mailTokenStore(db),
    close: () => db.destroy(),
  };
}
