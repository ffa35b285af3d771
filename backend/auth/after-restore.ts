import type { AfterRestore } from "../store/index.ts";

/** Sessions may have been ended since the backup: all are. */
export const afterAuthRestore: AfterRestore = (copy) => copy.exec("delete from sessions");
