import type { Kysely } from "kysely";
import { isForgotten, type MailHistory, type MailPurpose, mailPause } from "./mail-token.ts";
import type { MailTokensTable, UsersTables } from "./tables.ts";

/** A link that was sent. Times in milliseconds since 1970. */
export interface MailToken {
  readonly userId: string;
  readonly purpose: MailPurpose;
  /** Where it was sent. It counts for this address alone. */
  readonly email: string;
  readonly expiresAt: number;
}

/** The result of a request for a link: it may be sent, or the user has to wait so many milliseconds. */
export type Issued = { readonly issued: true } | { readonly issued: false; readonly wait: number };

/**
 * One row for a user and a purpose: the newest link puts the one before it out of use, and the row outlives it to bound
 * the mails.
 */
export function mailTokenStore(db: Kysely<UsersTables>) {
  const history = async (userId: string, purpose: MailPurpose): Promise<MailHistory | undefined> => {
    const row = await db
      .selectFrom("mail_tokens")
      .select(["issued_at", "issues"])
      .where("user_id", "=", userId)
      .where("purpose", "=", purpose)
      .executeTakeFirst();
    return row && { issuedAt: row.issued_at, issues: row.issues };
  };

  return {
    /**
     * Puts a link in the place of the one before, unless that was sent too short a time ago; of two at once, one is.
     */
    async issue(link: MailToken & { readonly hash: string }, now: number): Promise<Issued> {
      const before = await history(link.userId, link.purpose);
      const wait = mailPause(before, now);
      if (wait > 0) return { issued: false, wait };
      const issues = before && !isForgotten(before, now) ? before.issues + 1 : 1;
      const { userId, purpose, hash, email, expiresAt } = link;
      const fresh = { hash, email, issued_at: now, expires_at: expiresAt, issues };
      const stored = await db
        .insertInto("mail_tokens")
        .values({ user_id: userId, purpose, ...fresh })
        .onConflict((conflict) =>
          conflict
            .columns(["user_id", "purpose"])
            .doUpdateSet(fresh)
            .where("mail_tokens.issued_at", "=", before?.issuedAt ?? -1),
        )
        .returning("user_id")
        .executeTakeFirst();
      return stored ? { issued: true } : { issued: false, wait: mailPause({ issuedAt: now, issues }, now) };
    },

    /** The link with this hash, if it is good now. */
    async find(hash: string, now: number): Promise<MailToken | undefined> {
      const link = db.selectFrom("mail_tokens").selectAll().where("hash", "=", hash);
      const row = await link.where("expires_at", ">", now).executeTakeFirst();
      return row && fields(row);
    },

    /** Uses a link up; of several calls at once one succeeds. */
    async take(hash: string, now: number): Promise<boolean> {
      const link = db.updateTable("mail_tokens").set({ hash: null }).where("hash", "=", hash);
      const { numUpdatedRows } = await link.where("expires_at", ">", now).executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    /** Puts links of these purposes out of use. */
    async void(userId: string, purposes: readonly MailPurpose[]): Promise<void> {
      const links = db.updateTable("mail_tokens").set({ hash: null }).where("user_id", "=", userId);
      await links.where("purpose", "in", [...purposes]).execute();
    },

    /** Forgets everything that was sent to a user. */
    async forget(userId: string): Promise<void> {
      await db.deleteFrom("mail_tokens").where("user_id", "=", userId).execute();
    },

    /** Drops what was sent before a time. */
    async prune(before: number): Promise<void> {
      await db.deleteFrom("mail_tokens").where("issued_at", "<", before).execute();
    },
  };
}

function fields(row: MailTokensTable): MailToken {
  return { userId: row.user_id, purpose: row.purpose, email: row.email, expiresAt: row.expires_at };
}
