import { refuse } from "../contract/index.ts";
import { createKnownRefusals } from "../throttle/known-refusals.ts";
import { blockOf, networkOf } from "../throttle/network.ts";
import {
  opensAt,
  type ThrottleRule,
  type ThrottleState,
  type ThrottleStates,
  type Throttles,
  waitFor,
  withFailure,
  withoutFailure,
} from "../throttle/throttle.ts";
import { createTurns, type Turns } from "../throttle/turns.ts";

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
interface LoginTry {
  readonly account: string;
  readonly address: string;
  /** Whether the account's owner has been at this address lately. */
  isFamiliar(): Promise<boolean>;
}

/**
 * Milliseconds for which a node repeats a refusal without asking the other nodes: so much later at most than elsewhere
 * does `cleared` let a user in.
 */
const REPEATED = 1000;

export interface LoginThrottle {
  /**
   * Lets a try happen and counts it as failed. Throws RATE_LIMITED with the seconds to wait: then nothing is counted.
   */
  admit(attempt: LoginTry): Promise<void>;
  /** The try that was let happen did not fail. */
  succeeded(attempt: LoginTry): Promise<void>;
  /** The account's owner has shown to be here: failures that others caused do not make them wait. */
  cleared(account: string, address: string): Promise<void>;
}

/**
 * Growing waits after failures, for an account, a network and both together; on all nodes that share `throttles`. An
 * attacker cannot lock a user out:
 *
 * - from a network where the user has been lately, only that network's own failures count;
 * - from a new network, the user gets a turn (`throttle/turns.ts`) however fast others try, and on whichever nodes.
 *   The account's tries open once a minute at least, and go to the networks in turn. Where guessers have had a try
 *   each, the user's new network is the next: it waits for a minute. The number of tries does not grow, because turns
 *   only decide who gets the try that `ACCOUNT` opens;
 * - `cleared`: a new password by mail lets the user in at once.
 *
 * Where the memory is shared and cannot be reached, every try is refused (`Throttles.change`).
 */
export function createLoginThrottle(throttles: Throttles, clock: () => number): LoginThrottle {
  const refusals = createKnownRefusals(clock);

  const keysOf = ({ account, address }: Pick<LoginTry, "account" | "address">) => {
    const network = networkOf(address);
    return {
      account: throttles.keyOf("account", account),
      network: throttles.keyOf("network", network),
      block: throttles.keyOf("block", blockOf(address)),
      pair: throttles.keyOf("pair", network, account),
    };
  };

  /** The milliseconds to wait; 0 when the try was counted; undefined when it depends on whether the owner is there. */
  const decide = (states: ThrottleStates, keys: ReturnType<typeof keysOf>, isFamiliar: boolean | undefined) => {
    const now = clock();
    const [account, network, pair] = [states.get(keys.account), states.get(keys.network), states.get(keys.pair)];
    const turns = account?.turns ?? createTurns();
    const isSlowed = waitFor(account, ACCOUNT, now) > 0 || turns.isWanted(now);
    if (isSlowed && isFamiliar === undefined) return undefined;
    const own = Math.max(waitFor(pair, PAIR, now), waitFor(network, NETWORK, now));
    // a network that has to wait for itself has no use for a turn
    if (own > 0) return own;
    const wait = isSlowed && isFamiliar ? 0 : turns.waitFor(keys, opensAt(account, ACCOUNT, now), now);
    if (wait > 0) {
      states.set(keys.account, withTurns(account, turns));
      return wait;
    }
    turns.took(keys, now);
    states.set(keys.pair, withFailure(pair, PAIR, now));
    states.set(keys.network, withFailure(network, NETWORK, now));
    states.set(keys.account, withTurns(withFailure(account, ACCOUNT, now), turns));
    return 0;
  };

  return {
    async admit(attempt) {
      const keys = keysOf(attempt);
      const all = [keys.account, keys.network, keys.pair];
      const ask = (isFamiliar?: boolean) => throttles.change(all, (states) => decide(states, keys, isFamiliar));
      const known = refusals.waitFor(keys.pair);
      if (known > 0) throw refuse("RATE_LIMITED", { retryAfter: known / 1000 });
      const wait = (await ask()) ?? (await ask(await attempt.isFamiliar()));
      if (wait === undefined)
        throw new Error("invariant: where it is known whether the owner is there, a try is judged");
      if (wait === 0) return;
      if (throttles.isShared) refusals.add(keys.pair, wait, REPEATED);
      throw refuse("RATE_LIMITED", { retryAfter: wait / 1000 });
    },

    async succeeded(attempt) {
      const keys = keysOf(attempt);
      await throttles.change([keys.account, keys.network, keys.pair], (states) => {
        const now = clock();
        const account = states.get(keys.account);
        const turns = account?.turns ?? createTurns();
        turns.forgive(keys);
        states.set(keys.pair, undefined);
        states.set(keys.network, withoutFailure(states.get(keys.network), NETWORK, now));
        states.set(keys.account, withTurns(withoutFailure(account, ACCOUNT, now), turns));
      });
    },

    async cleared(account, address) {
      const keys = keysOf({ account, address });
      refusals.forget(keys.pair);
      await throttles.change([keys.account, keys.pair], (states) => {
        for (const key of [keys.account, keys.pair]) states.set(key, undefined);
      });
    },
  };
}

/** An account's failures and turns together. */
function withTurns(failures: ThrottleState | undefined, turns: Turns): ThrottleState | undefined {
  if (turns.expiresAt === 0) return failures && { ...failures, turns: undefined };
  const { count, until, at, expiresAt } = failures ?? { count: 0, until: 0, at: 0, expiresAt: 0 };
  return { count, until, at, expiresAt: Math.max(expiresAt, turns.expiresAt), turns };
}
