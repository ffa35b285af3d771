/** How requests are counted over time. */
export type WindowKind =
  /**
   * A window opens with the first counted request and lasts one period: reproduces the documentation's examples
   * exactly.
   */
  | "fixed"
  /** Two aligned windows, the earlier one weighted by what is left of it (Cloudflare's engineering blog of 2017). */
  | "sliding";

/** The numbers of one limit. Times are milliseconds. */
export interface CounterLimit {
  readonly period: number;
  /** The counter may reach this; what exceeds it is acted on. */
  readonly threshold: number;
  /** 0 throttles: only what exceeds the limit is acted on. */
  readonly timeout: number;
  readonly window: WindowKind;
}

interface RequestCounter {
  /** When the current window began. */
  start: number;
  current: number;
  previous: number;
  /** 0 where the key is not mitigated. */
  mitigatedUntil: number;
}

/** Keys of one rule before the lightest are removed. */
const DEFAULT_CAPACITY = 100_000;

/** Mitigated keys weigh the most and are the last to go. */
const HEAVIEST = 64;

/**
 * The counters of one rate limiting rule, one for each combination of characteristics.
 *
 * Memory is bounded, since an attacker may rotate addresses: dead counters are swept, and at the capacity the lightest
 * quarter goes. A key that is mitigated or near its limit is therefore kept while millions of new keys come and go;
 * what may be lost is a low count, so that its client gets up to one more limit. Cloudflare documents only that it
 * fails open.
 */
export class CounterTable {
  readonly #limit: CounterLimit;
  readonly #capacity: number;
  readonly #counters = new Map<string, RequestCounter>();
  #nextSweep: number;

  constructor(limit: CounterLimit, capacity = DEFAULT_CAPACITY) {
    this.#limit = limit;
    this.#capacity = Math.max(4, capacity);
    this.#nextSweep = Math.min(1024, this.#capacity);
  }

  /** Number of keys held. */
  get size(): number {
    return this.#counters.size;
  }

  /** Counts `amount` (negative takes back). */
  add(key: string, now: number, amount: number): void {
    const counter = this.#counters.get(key) ?? this.#open(key, now);
    this.#roll(counter, now);
    counter.current = Math.max(0, counter.current + amount);
  }

  /** The rate that is compared with the threshold. */
  rate(key: string, now: number): number {
    const counter = this.#counters.get(key);
    if (!counter) return 0;
    this.#roll(counter, now);
    return this.#value(counter, now);
  }

  /** Until when the key is mitigated; `undefined` where it is not. */
  mitigatedUntil(key: string, now: number): number | undefined {
    const until = this.#counters.get(key)?.mitigatedUntil ?? 0;
    // a clock that was set back must not prolong a mitigation
    return until > now && until - now <= this.#limit.timeout ? until : undefined;
  }

  /** Starts the mitigation of a key. */
  mitigate(key: string, now: number): void {
    const counter = this.#counters.get(key) ?? this.#open(key, now);
    counter.mitigatedUntil = now + this.#limit.timeout;
  }

  /** Forgets a key, as a solved challenge does. */
  reset(key: string): void {
    this.#counters.delete(key);
  }

  /** Milliseconds until a throttled key may send one more, if it sends nothing before. */
  recovery(key: string, now: number): number {
    const counter = this.#counters.get(key);
    if (!counter) return 0;
    const { period, threshold, window } = this.#limit;
    const left = counter.start + period - now;
    if (window === "fixed") return left;
    const mostBefore = Math.max(0, threshold - 1);
    if (counter.current > mostBefore) return left + period * (1 - mostBefore / counter.current);
    return left - period * Math.max(0, (mostBefore - counter.current) / counter.previous);
  }

  #open(key: string, now: number): RequestCounter {
    if (this.#counters.size >= this.#nextSweep) this.#dropLightest(now);
    const counter = { start: this.#startAt(now), current: 0, previous: 0, mitigatedUntil: 0 };
    this.#counters.set(key, counter);
    return counter;
  }

  #startAt(now: number): number {
    return this.#limit.window === "fixed" ? now : Math.floor(now / this.#limit.period) * this.#limit.period;
  }

  #roll(counter: RequestCounter, now: number): void {
    const { period } = this.#limit;
    const age = now - counter.start;
    if (age >= 0 && age < period) return;
    const next = this.#limit.window === "sliding" && age >= period && age < 2 * period;
    counter.previous = next ? counter.current : 0;
    counter.current = 0;
    counter.start = this.#startAt(now);
  }

  #value(counter: RequestCounter, now: number): number {
    const { period, window } = this.#limit;
    if (window === "fixed") return counter.current;
    return counter.previous * (1 - (now - counter.start) / period) + counter.current;
  }

  /** What a counter is worth keeping, from 0 (nothing counts any more) to `HEAVIEST`. */
  #weight(key: string, counter: RequestCounter, now: number): number {
    if (this.mitigatedUntil(key, now) !== undefined) return HEAVIEST;
    const age = now - counter.start;
    const dead = age < 0 || age >= this.#limit.period * (this.#limit.window === "sliding" ? 2 : 1);
    if (dead) return 0;
    const share = Math.max(counter.current, counter.previous) / Math.max(1, this.#limit.threshold);
    return 1 + Math.floor((HEAVIEST - 2) * Math.min(1, share));
  }

  /**
   * Removes the dead; at the capacity also the lightest, until a quarter is free. Linear, and amortised over what it
   * frees.
   */
  #dropLightest(now: number): void {
    const histogram = new Array<number>(HEAVIEST + 1).fill(0);
    for (const [key, counter] of this.#counters) {
      const weight = this.#weight(key, counter, now);
      if (weight === 0) this.#counters.delete(key);
      else histogram[weight] = (histogram[weight] ?? 0) + 1;
    }
    if (this.#counters.size >= this.#capacity) {
      let excess = this.#counters.size - Math.floor(this.#capacity * 0.75);
      // the weight at which enough has gone; of that weight the oldest go
      let cut = 1;
      while (cut < HEAVIEST && excess > (histogram[cut] ?? 0)) {
        excess -= histogram[cut] ?? 0;
        cut += 1;
      }
      for (const [key, counter] of this.#counters) {
        const weight = this.#weight(key, counter, now);
        if (weight > cut || (weight === cut && excess <= 0)) continue;
        if (weight === cut) excess -= 1;
        this.#counters.delete(key);
      }
    }
    this.#nextSweep = Math.min(this.#capacity, Math.max(1024, this.#counters.size * 2));
  }
}

/**
 * The counters of all rules, kept by the caller so that they survive a redeployment: a rule whose `ref` and limit did
 * not change goes on with the counts it has.
 */
export class RateCounters {
  readonly #capacity: number;
  #tables = new Map<string, CounterTable>();

  constructor(options: { /** Keys per rule. */ readonly capacity?: number } = {}) {
    this.#capacity = options.capacity ?? DEFAULT_CAPACITY;
  }

  /**
   * The tables of a new deployment: until `commit`, the running one keeps its own; then tables that no rule asked for
   * are dropped.
   */
  next(): { table(identity: string, limit: CounterLimit): CounterTable; commit(): void } {
    const next = new Map<string, CounterTable>();
    return {
      table: (identity, limit) => {
        const table = next.get(identity) ?? this.#tables.get(identity) ?? new CounterTable(limit, this.#capacity);
        next.set(identity, table);
        return table;
      },
      commit: () => {
        this.#tables = next;
      },
    };
  }
}
