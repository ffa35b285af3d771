import { isUnicodeAssertion, isWordByte } from "./assertion.ts";
import { type Assertion, type Node, nullable } from "./node.ts";
import { type RangeSet, rangesOf } from "./range-set.ts";

/** What a state of the automaton does. */
export const op = {
  /** Consumes a byte of set `x`, then goes to `y`. */
  bytes: 0,
  /** Goes to `x` or, with less preference, to `y`. */
  split: 1,
  /** Goes to `y` where assertion `x` holds. */
  assertion: 2,
  /** Stores the position in slot `x`, goes to `y`. */
  save: 3,
  match: 4,
  /**
   * Consumes `counts[state]` bytes of set `x`, one after the other, then goes to `y`. Only where counters are allowed.
   */
  count: 5,
} as const;

/** Thompson's nondeterministic automaton: state `s` is `ops[s]`, `xs[s]`, `ys[s]`. */
export interface Automaton {
  readonly ops: Uint8Array;
  readonly xs: Int32Array;
  readonly ys: Int32Array;
  readonly start: number;
  readonly assertions: readonly Assertion[];
  /** For each byte its class: bytes of one class lead to the same states. */
  readonly classes: Uint8Array;
  readonly classCount: number;
  /** A byte of each class. */
  readonly representatives: Uint8Array;
  /** `members[set * classCount + class]` is 1 where the class is in the set. */
  readonly members: Uint8Array;
  readonly usesUnicodeAssertions: boolean;
  /**
   * The group of each state; 0 is none. A group has the states in which the optional copies of one bounded repetition
   * begin. Of two states of a group, the higher one matches all that the lower one matches.
   */
  readonly groups: Int32Array;
  readonly groupCount: number;
  /** How many bytes each counting state consumes. */
  readonly counts: ReadonlyMap<number, number>;
}

/** Repetitions of one set from which on one counting state replaces the copies, where counters are allowed. */
const minCountedCopies = 256;

/** Builds the automaton of a node whose size was checked before. */
export function buildAutomaton(node: Node, options: { readonly counters?: boolean } = {}): Automaton {
  return new Builder(options.counters ?? false).build(node);
}

class Builder {
  readonly #counters: boolean;
  readonly #groups = new Map<number, number>();
  readonly #counts = new Map<number, number>();
  #groupCount = 1;
  readonly #ops: number[] = [];
  readonly #xs: number[] = [];
  readonly #ys: number[] = [];
  readonly #assertions: Assertion[] = [];
  readonly #sets: RangeSet[] = [];
  readonly #setNumbers = new Map<string, number>();

  constructor(counters: boolean) {
    this.#counters = counters;
  }

  build(node: Node): Automaton {
    const start = this.#node(node, this.#state(op.match, 0, 0));
    const { classes, classCount, representatives } = byteClasses(this.#sets, this.#assertions);
    const members = new Uint8Array(this.#sets.length * classCount);
    this.#sets.forEach((set, number) => {
      for (const [low, high] of rangesOf(set)) {
        for (let byte = low; byte <= high; byte += 1) members[number * classCount + (classes[byte] ?? 0)] = 1;
      }
    });
    const groups = new Int32Array(this.#ops.length);
    for (const [state, group] of this.#groups) groups[state] = group;
    return {
      groups,
      groupCount: this.#groupCount,
      counts: this.#counts,
      ops: Uint8Array.from(this.#ops),
      xs: Int32Array.from(this.#xs),
      ys: Int32Array.from(this.#ys),
      start,
      assertions: this.#assertions,
      classes,
      classCount,
      representatives,
      members,
      usesUnicodeAssertions: this.#assertions.some(isUnicodeAssertion),
    };
  }

  #state(kind: number, x: number, y: number): number {
    this.#ops.push(kind);
    this.#xs.push(x);
    this.#ys.push(y);
    return this.#ops.length - 1;
  }

  /** Adds the states of a node that goes on to `next`; returns its first state. */
  #node(node: Node, next: number): number {
    switch (node.kind) {
      case "empty":
        return next;
      case "bytes":
        return this.#state(op.bytes, this.#set(node.set), next);
      case "assertion":
        return this.#state(op.assertion, this.#indexOf(node.assertion), next);
      case "capture": {
        const end = this.#state(op.save, 2 * node.index + 1, next);
        return this.#state(op.save, 2 * node.index, this.#node(node.node, end));
      }
      case "concat":
        return node.nodes.reduceRight((after, part) => this.#node(part, after), next);
      case "alternate":
        return node.nodes
          .map((branch) => this.#node(branch, next))
          .reduceRight((others, branch) => this.#state(op.split, branch, others));
      case "repeat":
        return this.#repeat(node, next);
    }
  }

  #repeat(node: Node & { readonly kind: "repeat" }, next: number): number {
    const { node: body, min, max, greedy } = node;
    const choice = (first: number, second: number): number =>
      greedy ? this.#state(op.split, first, second) : this.#state(op.split, second, first);
    let start = next;
    if (max === Number.POSITIVE_INFINITY) {
      const loop = choice(next, next);
      start = this.#node(body, loop);
      if (greedy) this.#xs[loop] = start;
      else this.#ys[loop] = start;
      // x* is built as (x+)? when the body x can match the empty string
      if (min === 0) start = nullable(body) ? choice(start, next) : loop;
    } else {
      // before the body is built, because repetitions inside it take group numbers too
      const group = this.#groupCount;
      this.#groupCount += 1;
      for (let i = min; i < max; i += 1) {
        start = choice(this.#node(body, start), next);
        this.#groups.set(start, group);
      }
    }
    const copies = max === Number.POSITIVE_INFINITY ? min - 1 : min;
    if (this.#counters && body.kind === "bytes" && copies >= minCountedCopies) {
      const state = this.#state(op.count, this.#set(body.set), start);
      this.#counts.set(state, copies);
      return state;
    }
    for (let i = 0; i < copies; i += 1) start = this.#node(body, start);
    return start;
  }

  #set(set: RangeSet): number {
    const key = set.join();
    const known = this.#setNumbers.get(key) ?? this.#sets.push(set) - 1;
    this.#setNumbers.set(key, known);
    return known;
  }

  #indexOf(assertion: Assertion): number {
    const index = this.#assertions.indexOf(assertion);
    return index >= 0 ? index : this.#assertions.push(assertion) - 1;
  }
}

/** Divides the 256 bytes into classes. All bytes of a class are in the same sets, and alike for all assertions. */
function byteClasses(
  sets: readonly RangeSet[],
  assertions: readonly Assertion[],
): Pick<Automaton, "classes" | "classCount" | "representatives"> {
  const starts = new Uint8Array(257);
  const cut = (low: number, high: number): void => {
    starts[low] = 1;
    starts[high + 1] = 1;
  };
  for (const set of sets) for (const [low, high] of rangesOf(set)) cut(low, high);
  if (assertions.some((assertion) => assertion.includes("line"))) for (const byte of [0x0a, 0x0d]) cut(byte, byte);
  if (assertions.some((assertion) => assertion.includes("word"))) {
    for (let byte = 0; byte < 256; byte += 1) if (isWordByte(byte) !== isWordByte(byte - 1)) starts[byte] = 1;
  }
  const classes = new Uint8Array(256);
  const representatives = [0];
  for (let byte = 1; byte < 256; byte += 1) {
    if (starts[byte]) representatives.push(byte);
    classes[byte] = representatives.length - 1;
  }
  return { classes, classCount: representatives.length, representatives: Uint8Array.from(representatives) };
}
