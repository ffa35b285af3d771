import { join } from "node:path";
import type { Logger } from "pino";
import type { Throttles } from "../throttle/throttle.ts";
import { outboxFolder } from "./outbox-folder.ts";
import { createPost, type Post } from "./post.ts";
import { type MailServer, smtpCarrier } from "./smtp.ts";

export { mailOfNotice, mailWithLink, type NoticeKind } from "./mail.ts";
export type { Post } from "./post.ts";

/** The folder, in the data folder, into which mails are written where there is no mail server. */
export const OUTBOX = "outbox";
/** The sender of mails that are written into that folder. */
const OUTBOX_SENDER = "causeway@localhost.invalid";

export interface MailConfig {
  /** The mail server, and the sender's address; where undefined, mails are written into the data folder. */
  readonly mail: { readonly server: MailServer; readonly from: string } | undefined;
  /** The data folder. */
  readonly dataDir: string;
}

/**
 * Makes the post for a configuration: it sends mails to the mail server, or writes them into the data folder. Mails to
 * one address are counted in `throttles`, by `clock` (milliseconds since 1970).
 */
export function postFor(
  { mail, dataDir }: MailConfig,
  counted: { readonly log: Logger; readonly throttles: Throttles; readonly clock: () => number },
): Post {
  const carrier = mail ? smtpCarrier(mail.server, mail.from) : outboxFolder(join(dataDir, OUTBOX), OUTBOX_SENDER);
  return createPost({ carrier, ...counted });
}
