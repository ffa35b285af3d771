/** What `npm run status` looks at, and what it found. */

export type CheckState = "well" | "wrong" | "not known";

export interface StatusCheck {
  readonly name: "tunnel" | "connector" | "requests" | "service" | "application" | "certificate" | "record" | "drift";
  /** Which connector, hostname, service or tunnel. */
  readonly subject: string;
  readonly state: CheckState;
  readonly message: string;
}

/** The state of several checks together: wrong where one is, else not known where one is. */
export function stateOf(checks: readonly Pick<StatusCheck, "state">[]): CheckState {
  const has = (state: CheckState) => checks.some((check) => check.state === state);
  if (has("wrong")) return "wrong";
  return has("not known") ? "not known" : "well";
}

export const EXIT_CODES = { well: 0, wrong: 1, "not known": 2 } as const;

/**
 * The exit code of `status`. `allowsUnreached`: connectors that are not known do not count. Cloudflare chooses the
 * connector of a request, and behind Access none is asked.
 */
export function exitCodeOf(checks: readonly Pick<StatusCheck, "name" | "state">[], allowsUnreached: boolean) {
  const isUnreached = ({ name, state }: Pick<StatusCheck, "name" | "state">) =>
    name === "connector" && state === "not known";
  return EXIT_CODES[stateOf(allowsUnreached ? checks.filter((check) => !isUnreached(check)) : checks)];
}

/** A number with its word: `1 request`, `2 requests`. */
export const counted = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`;

/** A length of time, rounded down: `3 days`, `5 hours`, `2 minutes`. */
export function duration(milliseconds: number): string {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  if (minutes >= 48 * 60) return counted(Math.floor(minutes / 1440), "day");
  return minutes >= 120 ? counted(Math.floor(minutes / 60), "hour") : counted(minutes, "minute");
}
