/**
 * How often one address, and one user, may use the entries of a class (over a socket see `gateway/limits/limits.ts`).
 */
export interface RateRule {
  readonly requests: number;
  readonly seconds: number;
  /**
   * How many users at their limit one address may hold, where it is known who calls: an office or a school is one
   * address. 1 when left out.
   */
  readonly usersAtAddress?: number;
  /**
   * Whether all nodes count together, which costs a query: for what is a guess, a hash or a mail, and what a user may
   * do but a few times an hour. The other classes protect a node, which counts them by itself.
   */
  readonly isShared?: boolean;
}

/** By the name of the class. */
export type RateClasses = Readonly<Record<string, RateRule>>;

/** Rate classes that any feature may use. Those of one feature are in its own surface. */
export const GENERAL_RATES = {
  /**
   * Endpoints that take a password or the token of a link in a mail: each request is a guess, a hash or a mail. Also
   * limited at the edge. Not the renewal of a session: a refresh token cannot be guessed, and every page that is opened
   * renews its session.
   */
  credential: { requests: 20, seconds: 10, isShared: true },
  read: { requests: 200, seconds: 10, usersAtAddress: 10 },
  write: { requests: 60, seconds: 10, usersAtAddress: 10 },
} as const satisfies RateClasses;
