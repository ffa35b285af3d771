import type { UsersTables } from "../users/index.ts";

/** The tables that the queries of this feature may use. */
export type AuthTables = UsersTables & { sessions: SessionsTable };

export interface SessionsTable {
  id: string;
  user_id: string;
  refresh_hash: string;
  previous_hash: string | null;
  access_hash: string | null;
  rotated_at: number;
  created_at: number;
  used_at: number;
  ended_at: number | null;
  end_reason: string | null;
  /** Where it was last used from, and by what. */
  address: string | null;
  agent: string | null;
}
