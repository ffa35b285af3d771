import { edge, holdsAtPosition, holdsBetweenBytes, isUnicodeAssertion } from "./assertion.ts";
import { type Automaton, op } from "./automaton.ts";
import type { VisitBudget } from "./budget.ts";

/** The position of a simulation. Only Unicode's word boundaries read the input around it. */
export interface SimulationPosition {
  readonly input: string;
  at: number;
}

/**
 * The states that an automaton can be in, moved on byte by byte: time is at most states x bytes, whatever the pattern,
 * and at most what the budget allows; long runs of one set count as one state. Both the lazy automaton and its fallback
 * are made of it.
 */
export class Simulation {
  readonly #automaton: Automaton;
  readonly #budget: VisitBudget;
  readonly #stack: number[] = [];
  /** A sparse set: `#list[0..#count)` are the members, `#index[member]` is where. */
  readonly #list: Int32Array;
  readonly #index: Int32Array;
  #count = 0;
  readonly #reached: Int32Array;
  readonly #reachedIndex: Int32Array;
  /** For each group of states the best one reached in this closure, which was number `#closure`. */
  readonly #best: Int32Array;
  readonly #bestIn: Int32Array;
  #closure = 0;
  readonly #counters: ReadonlyMap<number, RunCounter>;

  constructor(automaton: Automaton, budget: VisitBudget) {
    this.#automaton = automaton;
    this.#budget = budget;
    const size = automaton.ops.length;
    this.#list = new Int32Array(size);
    this.#index = new Int32Array(size);
    this.#reached = new Int32Array(size);
    this.#reachedIndex = new Int32Array(size);
    this.#best = new Int32Array(automaton.groupCount);
    this.#bestIn = new Int32Array(automaton.groupCount);
    this.#counters = new Map([...automaton.counts].map(([state, length]) => [state, new RunCounter(length)]));
  }

  /** Begins another input. */
  reset(): void {
    this.#budget.renew();
    for (const counter of this.#counters.values()) counter.clear();
  }

  /**
   * Follows the transitions without a byte from the given states and from the start, between two bytes; returns whether
   * it reached a match. Throws `PatternTooCostly`.
   */
  close(states: Int32Array, before: number, after: number, place?: SimulationPosition): boolean {
    this.#count = 0;
    this.#closure = (this.#closure + 1) | 0;
    const { start } = this.#automaton;
    if (this.#follow(start, before, after, place)) return true;
    // The better states of a group have the higher numbers.
    for (let i = states.length - 1; i >= 0; i -= 1) {
      if (this.#follow(states[i] as number, before, after, place)) return true;
    }
    this.#budget.spend(this.#count + states.length);
    return false;
  }

  /** The states after a byte of the class, ascending; valid until the next call. */
  step(byteClass: number, place?: SimulationPosition): Int32Array {
    const { ops, xs, ys, members, classCount } = this.#automaton;
    let reached = 0;
    for (const [state, counter] of this.#counters) {
      if (members[(xs[state] as number) * classCount + byteClass] !== 1) counter.clear();
      else if (place && counter.isDone(place.at + 1)) {
        const next = ys[state] as number;
        this.#reachedIndex[next] = reached;
        this.#reached[reached] = next;
        reached += 1;
      }
    }
    for (let i = 0; i < this.#count; i += 1) {
      const state = this.#list[i] as number;
      if (ops[state] !== op.bytes || members[(xs[state] as number) * classCount + byteClass] !== 1) continue;
      const next = ys[state] as number;
      const at = this.#reachedIndex[next] as number;
      if (at < reached && this.#reached[at] === next) continue;
      this.#reachedIndex[next] = reached;
      this.#reached[reached] = next;
      reached += 1;
    }
    return this.#reached.subarray(0, reached).sort();
  }

  #follow(from: number, before: number, after: number, place: SimulationPosition | undefined): boolean {
    const { ops, xs, ys, assertions, groups } = this.#automaton;
    const stack = this.#stack;
    stack.length = 0;
    stack.push(from);
    for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
      const at = this.#index[state] as number;
      if (at < this.#count && this.#list[at] === state) continue;
      const group = groups[state] as number;
      if (group !== 0) {
        if (this.#bestIn[group] === this.#closure && (this.#best[group] as number) > state) continue;
        this.#best[group] = state;
        this.#bestIn[group] = this.#closure;
      }
      this.#index[state] = this.#count;
      this.#list[this.#count] = state;
      this.#count += 1;
      switch (ops[state]) {
        case op.match:
          return true;
        case op.split:
          stack.push(ys[state] as number, xs[state] as number);
          break;
        case op.save:
          stack.push(ys[state] as number);
          break;
        case op.count:
          if (place) this.#counters.get(state)?.begin(place.at);
          break;
        case op.assertion: {
          const assertion = assertions[xs[state] as number];
          if (!assertion) throw new Error("invariant: an assertion without a name");
          const holds = isUnicodeAssertion(assertion)
            ? place !== undefined && holdsAtPosition(assertion, place.input, place.at)
            : holdsBetweenBytes(assertion, before, after);
          if (holds) stack.push(ys[state] as number);
        }
      }
    }
    return false;
  }
}

/** Runs of one length that began at different places and go on together. */
class RunCounter {
  readonly #length: number;
  /** Where the runs began, ascending, in a ring: no more can be under way than the length. */
  readonly #begun: Int32Array;
  #first = 0;
  #count = 0;

  constructor(length: number) {
    this.#length = length;
    this.#begun = new Int32Array(length + 1);
  }

  clear(): void {
    this.#count = 0;
  }

  begin(at: number): void {
    const size = this.#begun.length;
    const last = (this.#first + this.#count - 1) % size;
    if (this.#count > 0 && this.#begun[last] === at) return;
    this.#begun[(this.#first + this.#count) % size] = at;
    this.#count += 1;
  }

  /** Whether the longest run is complete at a place; it is then over. */
  isDone(at: number): boolean {
    if (this.#count === 0 || (this.#begun[this.#first] as number) + this.#length !== at) return false;
    this.#first = (this.#first + 1) % this.#begun.length;
    this.#count -= 1;
    return true;
  }
}

/** Whether the input matches from a position on, for states reached before it. */
export function simulate(
  automaton: Automaton,
  simulation: Simulation,
  input: string,
  from: number,
  states: Int32Array,
): boolean {
  const place = { input, at: from };
  let before = from === 0 ? edge : input.charCodeAt(from - 1);
  let current = states;
  for (; place.at < input.length; place.at += 1) {
    const byte = input.charCodeAt(place.at);
    if (simulation.close(current, before, byte, place)) return true;
    current = simulation.step(automaton.classes[byte] as number, place).slice();
    before = byte;
  }
  return simulation.close(current, before, edge, place);
}
