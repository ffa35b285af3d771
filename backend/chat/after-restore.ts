import type { AfterRestore } from "../store/index.ts";
import { newEpoch } from "./store/entering.ts";

/**
 * Gives each room a new epoch. Clients may have seen messages that were sent after the backup; new messages get the
 * same numbers, and must not be taken for them.
 */
export const afterChatRestore: AfterRestore = (copy, hasTable) => {
  if (!hasTable("rooms")) return;
  const rooms = copy.prepare("select name from rooms").all();
  const renew = copy.prepare("update rooms set epoch = ? where name = ?");
  for (const { name } of rooms) renew.run(newEpoch(), String(name));
};
