import { edge, holdsAtPosition, holdsBetweenBytes, isUnicodeAssertion } from "./assertion.ts";
import { type Automaton, buildAutomaton, op } from "./automaton.ts";
import type { VisitBudget } from "./budget.ts";
import type { Node } from "./node.ts";

/** Where groups matched: `[start, end]` by number, 0 the whole; undefined for one that took no part. */
export type Groups = readonly (readonly [start: number, end: number] | undefined)[];

/** A thread's place in the automaton and the positions it has stored. */
interface Thread {
  readonly state: number;
  readonly slots: readonly number[];
}

/**
 * Finds the leftmost match, the one that a backtracking matcher would prefer, with its groups, by simulating all ways
 * in step (Pike's algorithm): time is at most states x bytes, and at most what the budget allows.
 */
export class CaptureSearch {
  readonly #automaton: Automaton;
  readonly #slots: number;
  readonly #budget: VisitBudget;
  /** `#seen[state]` is the generation in which a state was reached last. */
  readonly #seen: Int32Array;
  #generation = 0;
  /** States visited since the last byte. */
  #visited = 0;

  constructor(node: Node, captures: number, budget: VisitBudget) {
    this.#budget = budget;
    this.#automaton = buildAutomaton({ kind: "capture", index: 0, node });
    this.#slots = 2 * (captures + 1);
    this.#seen = new Int32Array(this.#automaton.ops.length);
  }

  /** The leftmost match. Throws `PatternTooCostly`. */
  find(input: string): Groups | undefined {
    this.#budget.renew();
    const { ops, xs, ys, classes, classCount, members, start } = this.#automaton;
    const fresh = new Array<number>(this.#slots).fill(-1);
    let threads: Thread[] = [];
    let found: readonly number[] | undefined;
    for (let at = 0; at <= input.length; at += 1) {
      this.#generation += 1;
      const closed: Thread[] = [];
      for (const thread of threads) this.#follow(thread, input, at, closed);
      if (!found) this.#follow({ state: start, slots: fresh }, input, at, closed);
      this.#budget.spend(this.#visited);
      this.#visited = 0;
      threads = [];
      const byteClass = at < input.length ? (classes[input.charCodeAt(at)] as number) : -1;
      for (const { state, slots } of closed) {
        if (ops[state] === op.match) {
          // Whatever comes after it in the list is less preferred.
          found = slots;
          break;
        }
        if (byteClass < 0 || members[(xs[state] as number) * classCount + byteClass] !== 1) continue;
        threads.push({ state: ys[state] as number, slots });
      }
      if (found && threads.length === 0) break;
    }
    if (!found) return undefined;
    const slots = found;
    return Array.from({ length: this.#slots / 2 }, (_, i) => {
      const [from, to] = [slots[2 * i] ?? -1, slots[2 * i + 1] ?? -1];
      return from < 0 || to < 0 ? undefined : [from, to];
    });
  }

  /** Adds the states that consume or match, reached without a byte, in order of preference. */
  #follow(from: Thread, input: string, at: number, into: Thread[]): void {
    const { ops, xs, ys, assertions } = this.#automaton;
    const before = at === 0 ? edge : input.charCodeAt(at - 1);
    const after = at === input.length ? edge : input.charCodeAt(at);
    const stack = [from];
    for (let thread = stack.pop(); thread; thread = stack.pop()) {
      const { state, slots } = thread;
      if (this.#seen[state] === this.#generation) continue;
      this.#seen[state] = this.#generation;
      this.#visited += 1;
      const x = xs[state] as number;
      const next = ys[state] as number;
      switch (ops[state]) {
        case op.split:
          stack.push({ state: next, slots }, { state: x, slots });
          break;
        case op.save:
          stack.push({ state: next, slots: slots.with(x, at) });
          break;
        case op.assertion: {
          const assertion = assertions[x];
          if (!assertion) throw new Error("invariant: an assertion without a name");
          if (
            isUnicodeAssertion(assertion)
              ? holdsAtPosition(assertion, input, at)
              : holdsBetweenBytes(assertion, before, after)
          )
            stack.push({ state: next, slots });
          break;
        }
        default:
          into.push(thread);
      }
    }
  }
}
