import { refuse } from "../contract/index.ts";
import { networkOf } from "../domain/network.ts";
import { createThrottle, type ThrottleRule } from "../domain/throttle.ts";

/** An account from one address: somebody guesses one user's password. */
const PAIR: ThrottleRule = { free: 5, first: 1000, longest: 15 * 60_000 };
/** An account from everywhere: many machines guess one user's password. Short, because it also slows down its owner. */
const ACCOUNT: ThrottleRule = { free: 20, first: 1000, longest: 60_000 };
/** An address against everybody: one machine tries one password on many accounts. */
const ADDRESS: ThrottleRule = { free: 50, first: 1000, longest: 15 * 60_000 };

/** A try to sign in: the account by its address as it was given, whether it exists or not, and where it comes from. */
export interface LoginTry {
  readonly account: string;
  readonly address: string;
  /** Whether the account's owner has been at this address lately. */
  isFamiliar(): Promise<boolean>;
}

export interface LoginThrottle {
  /** Lets a try happen and counts it as failed. Throws RATE_LIMITED with the seconds to wait: then nothing is counted. */
  admit(attempt: LoginTry): Promise<void>;
  /** The try that was let happen did not fail. */
  succeeded(attempt: LoginTry): void;
  /** The account's owner has shown to be here: failures that others caused do not make them wait. */
  cleared(account: string, address: string): void;
}

/**
 * Growing waits after failures, for an account, an address and both together. A stranger cannot lock a user out: from an address where
 * the user has been lately only that address's own failures count, and from elsewhere the wait is a minute at most.
 */
export function createLoginThrottle(clock: () => number): LoginThrottle {
  const pair = createThrottle(PAIR, clock);
  const everybody = createThrottle(ACCOUNT, clock);
  const address = createThrottle(ADDRESS, clock);
  const addressOf = (attempt: Pick<LoginTry, "address">) => networkOf(attempt.address);
  const pairOf = (attempt: Pick<LoginTry, "account" | "address">) => `${addressOf(attempt)} ${attempt.account}`;
  return {
    async admit(attempt) {
      const everywhere = everybody.waitFor(attempt.account);
      const foreign = everywhere > 0 && !(await attempt.isFamiliar()) ? everywhere : 0;
      const wait = Math.max(pair.waitFor(pairOf(attempt)), address.waitFor(addressOf(attempt)), foreign);
      if (wait > 0) throw refuse("RATE_LIMITED", { retryAfter: wait / 1000 });
      pair.failed(pairOf(attempt));
      everybody.failed(attempt.account);
      address.failed(addressOf(attempt));
    },
    succeeded(attempt) {
      pair.clear(pairOf(attempt));
      everybody.undo(attempt.account);
      address.undo(addressOf(attempt));
    },
    cleared(account, from) {
      everybody.clear(account);
      pair.clear(pairOf({ account, address: from }));
    },
  };
}
