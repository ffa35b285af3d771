import { refuse } from "../../../contract/index.ts";
import type { CapTable } from "./table.ts";

/** Bytes that one key may use in so many seconds. */
export interface BudgetLimit {
  readonly bytes: number;
  readonly seconds: number;
}

/** What a key has used in the current span of time. */
export interface KeyUsage {
  usedBytes: number;
  endsAt: number;
}

/** Maximum number of keys; beyond it the oldest one is forgotten. */
const MAX_KEYS = 50_000;

/** Bytes that are reserved for a response before its size is known. */
export const EXPECTED_BYTES = 32 * 1024;

/**
 * Limits the bytes of responses for each key and span of time. The size of a response is not known before it is made:
 * 32 KiB are counted first and corrected afterwards, so that only few calls at the same time can exceed the limit.
 */
export class ByteBudget {
  readonly #limit: BudgetLimit;
  readonly #clock: () => number;
  readonly #accounts = new Map<string, KeyUsage>();
  #refused = 0;

  /** `clock` in milliseconds. */
  constructor(limit: BudgetLimit, clock: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Counts a response before its size is known; returns the account that `settle` corrects. Throws RATE_LIMITED. */
  take(key: string): KeyUsage {
    const now = this.#clock();
    const account = this.#accountOf(key, now);
    if (account.usedBytes + EXPECTED_BYTES > this.#limit.bytes) {
      this.#refused += 1;
      throw refuse("RATE_LIMITED", { retryAfter: Math.max(1, (account.endsAt - now) / 1000) });
    }
    account.usedBytes += EXPECTED_BYTES;
    return account;
  }

  get refused(): number {
    return this.#refused;
  }

  #accountOf(key: string, now: number): KeyUsage {
    const known = this.#accounts.get(key);
    if (known && now < known.endsAt) return known;
    const account: KeyUsage = { usedBytes: 0, endsAt: now + this.#limit.seconds * 1000 };
    this.#accounts.delete(key);
    const [oldest] = this.#accounts.size >= MAX_KEYS ? this.#accounts.keys() : [];
    if (oldest !== undefined) this.#accounts.delete(oldest);
    this.#accounts.set(key, account);
    return account;
  }
}

/** Replaces the 32 KiB that were counted for a response by its bytes, 0 for a refusal. */
export function settle(account: KeyUsage, bytes: number): void {
  account.usedBytes += bytes - EXPECTED_BYTES;
}

/** What was counted for a response before its size is known. */
export interface HistoryReservation {
  readonly user: KeyUsage;
  readonly address: KeyUsage;
}

/** Limits the bytes that a user, and all users of an address together, read of the history of channels. */
export class HistoryBudget {
  readonly limits: { readonly user: number; readonly address: number };
  readonly #user: ByteBudget;
  readonly #address: ByteBudget;

  constructor({ user, address, seconds }: CapTable["historyBytes"]) {
    this.limits = { user, address };
    this.#user = new ByteBudget({ bytes: user, seconds });
    this.#address = new ByteBudget({ bytes: address, seconds });
  }

  /** Counts a response, which `settle` corrects when its size is known. Throws RATE_LIMITED. */
  take(userId: string, network: string): HistoryReservation {
    const user = this.#user.take(userId);
    try {
      return { user, address: this.#address.take(network) };
    } catch (refusal) {
      settle(user, 0);
      throw refusal;
    }
  }

  /** Counts the bytes of the response, 0 for a refusal. */
  settle({ user, address }: HistoryReservation, bytes: number): void {
    settle(user, bytes);
    settle(address, bytes);
  }

  get refused(): number {
    return this.#user.refused + this.#address.refused;
  }
}
