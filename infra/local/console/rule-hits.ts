import type { CounterState, RecordedExchange } from "./console-data.ts";

/** How often a rule matched in this run. */
export interface RuleHits {
  readonly ref: string;
  readonly hits: number;
  /** Milliseconds since the UNIX epoch. */
  readonly lastHit: number;
}

/** Rules that are counted; there are far fewer in a zone. */
const MAX_RULES = 2_000;
/** Counters that are shown; clients can open any number. */
const MAX_COUNTERS = 500;

/** Counts what rules did in this run, also for exchanges that are no longer kept. */
export class RuleStatistics {
  readonly #hits = new Map<string, RuleHits>();
  readonly #counters = new Map<string, CounterState>();

  add({ events, counts, time, client }: RecordedExchange): void {
    for (const { ref } of events) {
      const hits = this.#hits.get(ref)?.hits ?? 0;
      if (hits > 0 || this.#hits.size < MAX_RULES) this.#hits.set(ref, { ref, hits: hits + 1, lastHit: time });
    }
    for (const count of counts) {
      const key = `${count.ref} ${client}`;
      this.#counters.delete(key); // so that the order is that of the last request
      this.#counters.set(key, { ...count, client, time });
      const [oldest] = this.#counters.keys();
      if (this.#counters.size > MAX_COUNTERS && oldest !== undefined) this.#counters.delete(oldest);
    }
  }

  hitsOf(ref: string): RuleHits | undefined {
    return this.#hits.get(ref);
  }

  /** The counters whose window is not over at `now`, the fullest first. */
  counters(now: number): readonly CounterState[] {
    const share = ({ after, threshold }: CounterState) => after / Math.max(1, threshold);
    return [...this.#counters.values()]
      .filter(({ time, period }) => time + period > now)
      .sort((one, other) => share(other) - share(one));
  }
}
