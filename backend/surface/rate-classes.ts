/**
 * The rate classes; an entry's class decides how often one address, and one user, may use it (over a socket see
 * `gateway/limits/limits.ts`).
 */
export const RATE_CLASSES = {
  /**
   * Endpoints that take a password or the token of a link in a mail: each request is a guess, a hash or a mail. Also
   * limited at the edge. Not the renewal of a session: a refresh token cannot be guessed, and every page that is opened
   * renews its session.
   */
  credential: { requests: 20, seconds: 10 },
  read: { requests: 200, seconds: 10 },
  write: { requests: 60, seconds: 10 },
  /** Looking through messages: each costs the database several times as much as reading a page of them. */
  search: { requests: 30, seconds: 10 },
  /** Opening rooms, direct ones included. */
  opening: { requests: 30, seconds: 3600 },
  invitation: { requests: 60, seconds: 3600 },
  report: { requests: 20, seconds: 3600 },
  /** Changes of one's picture: 256 KiB are written for each. */
  picture: { requests: 20, seconds: 3600 },
  /** All that a user has written is read. */
  export: { requests: 10, seconds: 3600 },
} as const satisfies Readonly<Record<string, { readonly requests: number; readonly seconds: number }>>;
export type RateClass = keyof typeof RATE_CLASSES;
