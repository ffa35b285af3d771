import { refuse } from "../contract/index.ts";
import { createKnownRefusals } from "../throttle/known-refusals.ts";
import { blockOf, networkOf } from "../throttle/network.ts";
import {
  nextTryAt,
  type ThrottleRule,
  type ThrottleState,
  type ThrottleStates,
  type Throttles,
  waitFor,
  withFailure,
  withoutFailure,
} from "../throttle/throttle.ts";
import { createTurns, type Turns } from "../throttle/turns.ts";

/** Tries of one account from one network, which may be guessing one user's password. */
const PAIR_RULE: ThrottleRule = { freeTries: 5, firstWaitMs: 1000, maxWaitMs: 15 * 60_000 };
/**
 * Tries of one account from all networks: many of them may be guessing one user's password. The wait is short, because
 * it delays the owner too. The memory is long, so that an attacker who pauses does not get free tries again.
 */
export const ACCOUNT_RULE: ThrottleRule = {
  freeTries: 20,
  firstWaitMs: 1000,
  maxWaitMs: 60_000,
  memoryMs: 60 * 60_000,
};
/** Tries of all accounts from one network, which may be trying one password on many accounts. */
const NETWORK_RULE: ThrottleRule = { freeTries: 50, firstWaitMs: 1000, maxWaitMs: 15 * 60_000 };

/** A try to sign in. */
interface LoginTry {
  /** The account's e-mail address as the client has sent it, whether there is such an account or not. */
  readonly account: string;
  /** The IP address of the client. */
  readonly address: string;
  /** Whether the account's owner was signed in from this network lately. */
  isFamiliar(): Promise<boolean>;
}

/**
 * Milliseconds for which a node repeats a refusal without reading the shared memory again. `clearFailures` on another
 * node counts on this one with that delay.
 */
const REPEAT_REFUSAL_MS = 1000;

export interface LoginThrottle {
  /**
   * Allows a try, and counts it as failed. Throws RATE_LIMITED with the seconds to wait, and then counts nothing.
   */
  admit(attempt: LoginTry): Promise<void>;
  /** Takes back that a try was counted as failed. */
  uncountTry(attempt: LoginTry): Promise<void>;
  /** Forgets the failures of the account, so that its owner can sign in from this address at once. */
  clearFailures(account: string, address: string): Promise<void>;
}

/**
 * Delays sign-ins after failures: of an account, of a network, and of an account from a network. It counts on all nodes
 * that share `throttles`. An attacker cannot lock a user out:
 *
 * - In a network from which the user was signed in lately, only the failures of that network count.
 * - In a new network, the user gets a turn (`throttle/turns.ts`), however many requests others send, to any node. The
 *   account may be tried once a minute at least, by one network after the other. Once each attacker has had a try, the
 *   user's network is next, after a minute. Turns do not add tries: they decide which network gets the next try that
 *   `ACCOUNT_RULE` allows.
 * - `clearFailures`: a new password by mail lets the user sign in at once.
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

  /** The milliseconds to wait; 0 when the try was counted; undefined when that depends on an unknown `isFamiliar`. */
  const decide = (states: ThrottleStates, keys: ReturnType<typeof keysOf>, isFamiliar: boolean | undefined) => {
    const now = clock();
    const [account, network, pair] = [states.get(keys.account), states.get(keys.network), states.get(keys.pair)];
    const turns = account?.turns ?? createTurns();
    const isSlowed = waitFor(account, ACCOUNT_RULE, now) > 0 || turns.isWanted(now);
    if (isSlowed && isFamiliar === undefined) return undefined;
    const ownWait = Math.max(waitFor(pair, PAIR_RULE, now), waitFor(network, NETWORK_RULE, now));
    // a network that has to wait for its own failures gets no turn: it could not use it
    if (ownWait > 0) return ownWait;
    const wait = isSlowed && isFamiliar ? 0 : turns.waitFor(keys, nextTryAt(account, ACCOUNT_RULE, now), now);
    if (wait > 0) {
      states.set(keys.account, withTurns(account, turns));
      return wait;
    }
    turns.recordTry(keys, now);
    states.set(keys.pair, withFailure(pair, PAIR_RULE, now));
    states.set(keys.network, withFailure(network, NETWORK_RULE, now));
    states.set(keys.account, withTurns(withFailure(account, ACCOUNT_RULE, now), turns));
    return 0;
  };

  return {
    async admit(attempt) {
      const keys = keysOf(attempt);
      const all = [keys.account, keys.network, keys.pair];
      const decideFor = (isFamiliar?: boolean) => throttles.change(all, (states) => decide(states, keys, isFamiliar));
      const known = refusals.waitFor(keys.pair);
      if (known > 0) throw refuse("RATE_LIMITED", { retryAfter: known / 1000 });
      const wait = (await decideFor()) ?? (await decideFor(await attempt.isFamiliar()));
      if (wait === undefined) throw new Error("invariant: a try from a network that is familiar or not is decided");
      if (wait === 0) return;
      if (throttles.isShared) refusals.add(keys.pair, wait, REPEAT_REFUSAL_MS);
      throw refuse("RATE_LIMITED", { retryAfter: wait / 1000 });
    },

    async uncountTry(attempt) {
      const keys = keysOf(attempt);
      await throttles.change([keys.account, keys.network, keys.pair], (states) => {
        const now = clock();
        const account = states.get(keys.account);
        const turns = account?.turns ?? createTurns();
        turns.uncountTry(keys);
        states.set(keys.pair, undefined);
        states.set(keys.network, withoutFailure(states.get(keys.network), NETWORK_RULE, now));
        states.set(keys.account, withTurns(withoutFailure(account, ACCOUNT_RULE, now), turns));
      });
    },

    async clearFailures(account, address) {
      const keys = keysOf({ account, address });
      refusals.forget(keys.pair);
      await throttles.change([keys.account, keys.pair], (states) => {
        for (const key of [keys.account, keys.pair]) states.set(key, undefined);
      });
    },
  };
}

/** The state of an account: its failures, and its turns if there are any. */
function withTurns(failures: ThrottleState | undefined, turns: Turns): ThrottleState | undefined {
  if (turns.expiresAt === 0) return failures && { ...failures, turns: undefined };
  const { count, until, at, expiresAt } = failures ?? { count: 0, until: 0, at: 0, expiresAt: 0 };
  return { count, until, at, expiresAt: Math.max(expiresAt, turns.expiresAt), turns };
}
