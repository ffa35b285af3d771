/** What clients saw while the site was in one state. Times in milliseconds. */
export interface Period {
  readonly name: string;
  seconds: number;
  acknowledged: number;
  /** From the first send to the acknowledgement. */
  readonly acknowledgements: number[];
  /** From the first send to the receipt by another client. */
  readonly deliveries: number[];
  /** For how long each client that lost its connection was away, until its room was joined again. */
  readonly away: number[];
  /** Of messages and edits that a client got only after being connected for a second without them, for how long. */
  readonly late: number[];
  readonly refusals: Map<string, number>;
}

const CALM = "calm";

/** Sorts what is measured by the period in which it happens: calm, or an accident. */
export class Figures {
  readonly periods: Period[] = [];
  #current: Period;
  #since = performance.now();

  constructor() {
    this.#current = this.#add(CALM);
  }

  get current(): Period {
    return this.#current;
  }

  /** An accident begins. */
  enter(name: string): void {
    this.#become(this.#add(name));
  }

  /** The accident is over, and what it did to clients too. */
  calm(): void {
    this.#become(this.periods[0] as Period);
  }

  /** Forgets what was measured before. */
  clear(): void {
    this.periods.length = 0;
    this.#current = this.#add(CALM);
    this.#since = performance.now();
  }

  refused(code: string): void {
    const { refusals } = this.#current;
    refusals.set(code, (refusals.get(code) ?? 0) + 1);
  }

  #become(period: Period): void {
    const now = performance.now();
    this.#current.seconds += (now - this.#since) / 1000;
    this.#since = now;
    this.#current = period;
  }

  #add(name: string): Period {
    const lists = { acknowledgements: [], deliveries: [], away: [], late: [] };
    const period: Period = { name, seconds: 0, acknowledged: 0, ...lists, refusals: new Map() };
    this.periods.push(period);
    return period;
  }
}
