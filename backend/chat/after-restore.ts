import type { AfterRestore } from "../store/index.ts";
import { newEpoch } from "./store/entering.ts";

/**
 * Every room starts a new epoch, so that clients that have seen later messages do not take the numbers of new ones for
 * theirs.
 */
export const afterChatRestore: AfterRestore = (copy, hasTable) => {
  if (!hasTable("rooms")) return;
  const rooms = copy.prepare("select name from rooms").all();
  const renew = copy.prepare("update rooms set epoch = ? where name = ?");
  for (const { name } of rooms) renew.run(newEpoch(), String(name));
};
