import type { AfterRestore } from "../store/index.ts";

/** Links in mails and the setup link of before may have been used since the backup: they do not work any more. */
export const afterUsersRestore: AfterRestore = (copy, hasTable) => {
  copy.exec("delete from keys where purpose = 'setup'");
  if (hasTable("mail_tokens")) copy.exec("update mail_tokens set hash = null");
};
