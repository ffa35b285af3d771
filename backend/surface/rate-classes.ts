/**
 * How often one address, and one user, may use the entries of a class (over a socket see `gateway/limits/limits.ts`).
 */
export interface RateRule {
  readonly requests: number;
  readonly seconds: number;
  /**
   * The limit of an address is that of so many users, where the user is known: all users of an office or a school may
   * have one address. 1 when left out.
   */
  readonly usersAtAddress?: number;
  /**
   * Whether all nodes count together, which takes a query. For requests that guess a secret, cost a hash or send a
   * mail, and for what a user may do only a few times an hour. The other classes protect a node, and each node counts
   * alone.
   */
  readonly isShared?: boolean;
}

/** By the name of the class. */
export type RateClasses = Readonly<Record<string, RateRule>>;

/** Rate classes that all features may use. Those of one feature are in its own surface. */
export const GENERAL_RATES = {
  /**
   * For endpoints that take a password or the token of a link in a mail, where a request guesses a secret, costs a hash
   * or sends a mail. The edge limits them too. Not for the renewal of a session: a refresh token cannot be guessed, and
   * each page renews its session when it is opened.
   */
  credential: { requests: 20, seconds: 10, isShared: true },
  read: { requests: 200, seconds: 10, usersAtAddress: 10 },
  write: { requests: 60, seconds: 10, usersAtAddress: 10 },
} as const satisfies RateClasses;
