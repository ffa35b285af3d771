import type { Kysely } from "kysely";
import { isForgotten, type MailHistory, type MailPurpose, mailPause } from "./mail-token.ts";
import type { MailTokensTable, UsersTables } from "./tables.ts";

/** A link that was sent. Times in milliseconds since 1970. */
export interface MailToken {
  readonly userId: string;
  readonly purpose: MailPurpose;
  /** The address to which it was sent. It is valid for this address alone. */
  readonly email: string;
  readonly expiresAt: number;
}

/** The result of a request for a link: it was stored, or the user has to wait for `wait` milliseconds. */
export type IssuedLink = { readonly issued: true } | { readonly issued: false; readonly wait: number };

/**
 * Links that were sent, one row for each user and purpose. A new link replaces the one before, which no longer works.
 * The row stays when its link was used, so that the number of mails stays limited.
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
     * Stores a link in place of the one before, unless that was sent too short a time ago. Of two concurrent calls, one
     * stores its link.
     */
    async issue(link: MailToken & { readonly hash: string }, now: number): Promise<IssuedLink> {
      const before = await history(link.userId, link.purpose);
      const wait = mailPause(before, now);
      if (wait > 0) return { issued: false, wait };
      const issues = before && !isForgotten(before, now) ? before.issues + 1 : 1;
      const { userId, purpose, hash, email, expiresAt } = link;
      const row = { hash, email, issued_at: now, expires_at: expiresAt, issues };
      const stored = await db
        .insertInto("mail_tokens")
        .values({ user_id: userId, purpose, ...row })
        .onConflict((conflict) =>
          conflict
            .columns(["user_id", "purpose"])
            .doUpdateSet(row)
            .where("mail_tokens.issued_at", "=", before?.issuedAt ?? -1),
        )
        .returning("user_id")
        .executeTakeFirst();
      return stored ? { issued: true } : { issued: false, wait: mailPause({ issuedAt: now, issues }, now) };
    },

    /** The link with this hash, if it is valid now. */
    async find(hash: string, now: number): Promise<MailToken | undefined> {
      const link = db.selectFrom("mail_tokens").selectAll().where("hash", "=", hash);
      const row = await link.where("expires_at", ">", now).executeTakeFirst();
      return row && toMailToken(row);
    },

    /** Uses a link up. Returns false when it is not valid: of several concurrent calls, one succeeds. */
    async useUp(hash: string, now: number): Promise<boolean> {
      const link = db.updateTable("mail_tokens").set({ hash: null }).where("hash", "=", hash);
      const { numUpdatedRows } = await link.where("expires_at", ">", now).executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    /** Makes a user's links of these purposes invalid. */
    async invalidate(userId: string, purposes: readonly MailPurpose[]): Promise<void> {
      const links = db.updateTable("mail_tokens").set({ hash: null }).where("user_id", "=", userId);
      await links.where("purpose", "in", [...purposes]).execute();
    },

    /** Deletes all links of a user. */
    async forget(userId: string): Promise<void> {
      await db.deleteFrom("mail_tokens").where("user_id", "=", userId).execute();
    },

    /** Deletes the links that were sent before a time. */
    async prune(before: number): Promise<void> {
      await db.deleteFrom("mail_tokens").where("issued_at", "<", before).execute();
    },
  };
}

function toMailToken(row: MailTokensTable): MailToken {
  return { userId: row.user_id, purpose: row.purpose, email: row.email, expiresAt: row.expires_at };
}
