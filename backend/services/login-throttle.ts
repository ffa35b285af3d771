import { refuse } from "../contract/index.ts";
import { blockOf, networkOf } from "../domain/network.ts";
import { createThrottle, type ThrottleRule } from "../domain/throttle.ts";
import { createTurns, type Origin } from "../domain/turns.ts";

/** Tries of one account from one network: it guesses one user's password. */
const PAIR: ThrottleRule = { free: 5, first: 1000, longest: 15 * 60_000 };
/**
 * Tries of one account from everywhere: many networks guess one user's password. The wait is short, because the owner
 * has it as well; the memory is long, so that a guesser who pauses has no free tries again.
 */
export const ACCOUNT: ThrottleRule = { free: 20, first: 1000, longest: 60_000, memory: 60 * 60_000 };
/** Tries of all accounts from one network: it tries one password on many accounts. */
const NETWORK: ThrottleRule = { free: 50, first: 1000, longest: 15 * 60_000 };

/** A try to sign in: the account by its address as it was given, whether it exists or not, and where it comes from. */
export interface LoginTry {
  readonly account: string;
  readonly address: string;
  /** Whether the account's owner has been at this address lately. */
  isFamiliar(): Promise<boolean>;
}

export interface LoginThrottle {
  /**
   * Lets a try happen and counts it as failed. Throws RATE_LIMITED with the seconds to wait: then nothing is counted.
   */
  admit(attempt: LoginTry): Promise<void>;
  /** The try that was let happen did not fail. */
  succeeded(attempt: LoginTry): void;
  /** The account's owner has shown to be here: failures that others caused do not make them wait. */
  cleared(account: string, address: string): void;
}

/**
 * Growing waits after failures, for an account, a network and both together. A stranger cannot lock a user out:
 *
 * - from a network where the user has been lately, only that network's own failures count;
 * - from a new network, the user gets a turn (`domain/turns.ts`) however fast others ask. The account's tries open
 *   once a minute at
 *   least, and go to the networks in turn. Where guessers have had a try each, the user's new network is the next: it
 *   waits for a
 *   minute. The number of tries does not grow, because turns only decide who gets the try that `ACCOUNT` opens;
 * - `cleared`: a new password by mail lets the user in at once.
 */
export function createLoginThrottle(clock: () => number): LoginThrottle {
  const pair = createThrottle(PAIR, clock);
  const everybody = createThrottle(ACCOUNT, clock);
  const everything = createThrottle(NETWORK, clock);
  const turns = createTurns(clock);
  const originOf = ({ address }: Pick<LoginTry, "address">): Origin => {
    return { network: networkOf(address), block: blockOf(address) };
  };
  const pairOf = ({ network }: Origin, account: string) => `${network} ${account}`;
  return {
    async admit(attempt) {
      const { account } = attempt;
      const origin = originOf(attempt);
      const isSlowed = everybody.waitFor(account) > 0 || turns.isWanted(account);
      const isFamiliar = isSlowed && (await attempt.isFamiliar());
      // from here on without a pause, so that nothing else happens between the check and the count
      const own = Math.max(pair.waitFor(pairOf(origin, account)), everything.waitFor(origin.network));
      // a network that has to wait for itself has no use for a turn
      const wait = own > 0 || isFamiliar ? own : turns.waitFor(account, origin, everybody.opensAt(account));
      if (wait > 0) throw refuse("RATE_LIMITED", { retryAfter: wait / 1000 });
      turns.took(account, origin);
      pair.failed(pairOf(origin, account));
      everybody.failed(account);
      everything.failed(origin.network);
    },
    succeeded(attempt) {
      const origin = originOf(attempt);
      turns.forgive(attempt.account, origin);
      pair.clear(pairOf(origin, attempt.account));
      everybody.undo(attempt.account);
      everything.undo(origin.network);
    },
    cleared(account, address) {
      everybody.clear(account);
      turns.forget(account);
      pair.clear(pairOf(originOf({ address }), account));
    },
  };
}
