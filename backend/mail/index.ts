import { join } from "node:path";
import type { Logger } from "pino";
import type { Throttles } from "../throttle/throttle.ts";
import { outboxFolder } from "./outbox-folder.ts";
import { createPost, type Post } from "./post.ts";
import { type MailServer, smtpCarrier } from "./smtp.ts";

export { mailOfNotice, mailWithLink, type NoticeKind } from "./mail.ts";
export type { Post } from "./post.ts";

/** Folder for mails in the data folder, where there is no mail server. */
export const OUTBOX = "outbox";
/** The sender of mails that are only written into the data folder. */
const OUTBOX_SENDER = "causeway@localhost.invalid";

export interface MailConfig {
  /** Where mails are handed in, and the address that they come from; undefined puts them into the data folder. */
  readonly mail: { readonly server: MailServer; readonly from: string } | undefined;
  /** Where the folder for mails is. */
  readonly dataDir: string;
}

/**
 * The post that the configuration asks for: to the mail server, or into the data folder. Mails to one address are
 * counted in `throttles`, by `clock` (milliseconds since 1970).
 */
export function postFor(
  { mail, dataDir }: MailConfig,
  counted: { readonly log: Logger; readonly throttles: Throttles; readonly clock: () => number },
): Post {
  const carrier = mail ? smtpCarrier(mail.server, mail.from) : outboxFolder(join(dataDir, OUTBOX), OUTBOX_SENDER);
  return createPost({ carrier, ...counted });
}
