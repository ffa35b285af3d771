import type { AfterRestore } from "../store/index.ts";

/** Ends all sessions: each may have been ended after the backup was made. */
export const afterAuthRestore: AfterRestore = (copy) => copy.exec("delete from sessions");
