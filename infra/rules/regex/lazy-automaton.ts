import { edge, isWordByte } from "./assertion.ts";
import { type Automaton, buildAutomaton } from "./automaton.ts";
import { VISITS, type VisitBudget } from "./budget.ts";
import { anchoredAtStart, type Node } from "./node.ts";
import { Simulation, simulate } from "./simulation.ts";

/** Bytes of all states; the same as Cloudflare's default for its cache. */
const cacheLimit = 2 * 1024 * 1024;
/** A cache that fills up within fewer bytes of input per state than this does not pay: the rest is simulated. */
const minBytesPerState = 10;
/** A state of more states than this is too large to be kept and found again: it costs more than it spares. */
const maxStates = 500;
const none = new Int32Array(0);

interface AutomatonState {
  /** States of the nondeterministic automaton, ascending. */
  readonly states: Int32Array;
  /** A byte like the one before, as far as assertions care. */
  readonly before: number;
}

/**
 * A deterministic automaton whose states are made when first needed and forgotten when there are too many. Time is
 * linear in the input, memory is capped, and no pattern is an exception.
 */
export class LazyAutomaton {
  readonly #automaton: Automaton;
  readonly #simulation: Simulation;
  readonly #anchored: boolean;
  /** What matters to assertions about the byte before a position, by byte class. */
  readonly #contexts: readonly number[];
  /** From one state's row to the next: all byte classes and the end of the input. */
  readonly #stride: number;
  readonly #dead: number;
  readonly #match: number;
  readonly #numbers = new Map<string, number>();
  readonly #states: AutomatonState[] = [];
  /** `#table[state + class]` is the next state; 0 is one not made yet. */
  #table = new Int32Array(1024);
  #weight = 0;
  #start = 0;
  /** Where in the input the cache was last emptied. */
  #emptiedAt = 0;

  constructor(node: Node, budget: VisitBudget) {
    this.#automaton = buildAutomaton(node, { counters: true });
    this.#simulation = new Simulation(this.#automaton, budget);
    this.#anchored = anchoredAtStart(node);
    this.#contexts = contexts(this.#automaton);
    this.#stride = this.#automaton.classCount + 1;
    this.#dead = this.#stride;
    this.#match = 2 * this.#stride;
    this.#empty();
  }

  /** Whether an input of this length could take more steps than one test may. */
  mayBeTooCostly(length: number): boolean {
    return this.#automaton.ops.length * length > VISITS;
  }

  /** Whether the pattern matches somewhere in a byte string. Throws `PatternTooCostly`. */
  test(input: string): boolean {
    const { classes, classCount, counts, usesUnicodeAssertions } = this.#automaton;
    // What is known by the place or by counting is no state that could be kept.
    this.#simulation.reset();
    if (usesUnicodeAssertions || counts.size > 0) {
      return simulate(this.#automaton, this.#simulation, input, 0, none);
    }
    const match = this.#match;
    const { length } = input;
    let table = this.#table;
    let state = this.#start;
    this.#emptiedAt = 0;
    for (let at = 0; at < length; at += 1) {
      const byteClass = classes[input.charCodeAt(at)] as number;
      let next = table[state + byteClass] as number;
      if (next === 0) {
        const from = this.#state(state);
        if (!this.#make(state, byteClass, at))
          return simulate(this.#automaton, this.#simulation, input, at, from.states);
        table = this.#table;
        next = this.#made;
      }
      if (next <= match) return next === match;
      state = next;
    }
    const atEnd = state + classCount;
    if (table[atEnd] === 0) {
      const { states, before } = this.#state(state);
      table[atEnd] = this.#simulation.close(states, before, edge) ? match : this.#dead;
    }
    return table[atEnd] === match;
  }

  /** The state that {@link #make} led to. */
  #made = 0;

  /** Makes one transition; returns false where keeping it would not pay. */
  #make(from: number, byteClass: number, at: number): boolean {
    const { states, before } = this.#state(from);
    const byte = this.#automaton.representatives[byteClass] as number;
    let keep = true;
    if (this.#simulation.close(states, before, byte)) this.#made = this.#match;
    else {
      const after = this.#simulation.step(byteClass).slice();
      if (this.#anchored && after.length === 0) this.#made = this.#dead;
      else {
        if (after.length > maxStates) return false;
        if (this.#weight > cacheLimit) {
          if (at - this.#emptiedAt < this.#states.length * minBytesPerState) return false;
          this.#empty();
          this.#emptiedAt = at;
          keep = false;
        }
        this.#made = this.#add({ states: after, before: this.#contexts[byteClass] as number });
      }
    }
    if (keep) this.#table[from + byteClass] = this.#made;
    return true;
  }

  #state(row: number): AutomatonState {
    const state = this.#states[row / this.#stride];
    if (!state) throw new Error("invariant: a state that was never made");
    return state;
  }

  #add(state: AutomatonState): number {
    const key = `${state.before}:${state.states.join()}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const row = this.#states.length * this.#stride;
    this.#states.push(state);
    this.#numbers.set(key, row);
    this.#weight += 4 * this.#stride + 4 * state.states.length + key.length + 64;
    if (row + this.#stride > this.#table.length) {
      const larger = new Int32Array(2 * (row + this.#stride));
      larger.set(this.#table);
      this.#table = larger;
    }
    return row;
  }

  #empty(): void {
    this.#numbers.clear();
    this.#states.length = 0;
    this.#table.fill(0);
    this.#weight = 0;
    // Row 0 means "not made yet"; then come dead and match, which are final.
    for (let reserved = 0; reserved < 3; reserved += 1) this.#states.push({ states: none, before: edge });
    this.#start = this.#add({ states: none, before: edge });
  }
}

function contexts({ assertions, representatives }: Automaton): readonly number[] {
  const lines = assertions.some((assertion) => assertion.includes("line"));
  const words = assertions.some((assertion) => assertion.includes("word"));
  return [...representatives].map((byte) => {
    if (lines && (byte === 0x0a || byte === 0x0d)) return byte;
    return words && isWordByte(byte) ? 0x61 : 0x20;
  });
}
