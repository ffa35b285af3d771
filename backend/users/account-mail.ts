import { mailOfNotice, mailWithLink, type NoticeKind, type Post } from "../mail/index.ts";
import { LINK_LIFE_MS, type MailPurpose, newMailToken } from "./mail-token.ts";
import type { IssuedLink } from "./mail-token-store.ts";
import type { UsersStore } from "./store.ts";
import type { User } from "./user-store.ts";

/** Sends mails to users about their accounts. */
export interface AccountMail {
  /**
   * Sends a link that works once to an address, unless the user was sent one for this purpose too short a time ago.
   */
  sendLink(purpose: MailPurpose, user: Pick<User, "id">, email: string): Promise<IssuedLink>;
  /** Sends a notice of what happened to an account. */
  sendNotice(kind: NoticeKind, email: string): void;
}

/** Where the page takes a link's token; the fragment never leaves the browser. */
const PAGE_FRAGMENTS: Readonly<Record<MailPurpose, string>> = { verify: "verify", move: "verify", reset: "reset" };

/** `site` is the page's URL for users: never taken from a request, whose Host header any client can set. */
export function createAccountMail(options: {
  readonly store: UsersStore;
  readonly post: Post;
  readonly site: () => string;
  readonly clock: () => number;
}): AccountMail {
  const { store, post, site, clock } = options;
  return {
    async sendLink(purpose, { id: userId }, email) {
      const { token, hash } = newMailToken();
      const now = clock();
      const issued = await store.mailTokens.issue(
        { userId, purpose, email, hash, expiresAt: now + LINK_LIFE_MS[purpose] },
        now,
      );
      if (issued.issued) post.send(mailWithLink(purpose, email, `${site()}/#${PAGE_FRAGMENTS[purpose]}=${token}`));
      return issued;
    },
    sendNotice: (kind, email) => post.send(mailOfNotice(kind, email, site())),
  };
}
