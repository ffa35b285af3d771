/**
 * States of an automaton that one test of one input may visit: about half a second. Rust's engine has no such limit and
 * takes states x bytes; what Cloudflare allows in production is not documented.
 */
export const VISITS = 20_000_000;

/** A pattern takes more steps on an input than {@link VISITS}: whether it matches is not known. */
export class PatternTooCostly extends Error {
  readonly code = "PATTERN_TOO_COSTLY";
  /** A byte string. */
  readonly pattern: string;

  constructor(pattern: string) {
    super(
      `the pattern ${pattern.slice(0, 80)} takes more than ${VISITS} steps on this input; make its repetitions smaller`,
    );
    this.pattern = pattern;
  }
}

/** What is left of the visits of one test. */
export class VisitBudget {
  readonly #pattern: string;
  #left = VISITS;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  /** Begins another test. */
  renew(): void {
    this.#left = VISITS;
  }

  /** Throws `PatternTooCostly` when there is not so much left. */
  spend(visits: number): void {
    this.#left -= visits;
    if (this.#left < 0) throw new PatternTooCostly(this.#pattern);
  }
}
