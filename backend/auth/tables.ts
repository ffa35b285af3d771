import type { UsersTables } from "../users/index.ts";

/** The tables that the queries of this feature may use. */
export type AuthTables = UsersTables & { sessions: SessionsTable };

export interface SessionsTable {
  id: string;
  user_id: string;
  /** Hash of the refresh token that is valid now, of the one before it, and of the newest access token. */
  refresh_hash: string;
  previous_hash: string | null;
  access_hash: string | null;
  /** Milliseconds since 1970, like the times below: when the refresh token was last replaced. */
  rotated_at: number;
  created_at: number;
  used_at: number;
  ended_at: number | null;
  end_reason: string | null;
  /** IP address and `User-Agent` of its last use. */
  address: string | null;
  agent: string | null;
}
