import type { AfterRestore } from "../store/index.ts";

/** Makes the links in mails and the setup link of a backup invalid: they may have been used after it was made. */
export const afterUsersRestore: AfterRestore = (copy, hasTable) => {
  copy.exec("delete from keys where purpose = 'setup'");
  if (hasTable("mail_tokens")) copy.exec("update mail_tokens set hash = null");
};
