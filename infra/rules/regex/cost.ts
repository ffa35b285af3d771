import { anchoredAtStart, type Node, nullable } from "./node.ts";
import { intersection, type RangeSet, union } from "./range-set.ts";

/** A bound as a polynomial in the input's length: `[c0, c1, c2]` is c0 + c1 n + c2 n^2. */
type Bound = readonly number[];

interface Cost {
  /** In how many ways a backtracking matcher can get through, from one start. */
  readonly ways: Bound;
  /** How many steps it takes to try them all. */
  readonly steps: Bound;
}

/** Steps that a backtracking matcher may take on one input: about a millisecond. */
const budget = 1_000_000;
const maxDegree = 4;
const one: Bound = [1];

/**
 * The longest input (in bytes) for which a backtracking matcher such as JavaScript's decides a pattern within a fixed
 * number of steps, whatever the input holds; 0 for a pattern that may take exponential time.
 */
export function longestSafeInput(node: Node): number {
  const cost = costOf(node);
  if (!cost) return 0;
  const total = anchoredAtStart(node) ? cost.steps : times(cost.steps, [0, 1]);
  if (total.length > maxDegree) return 0;
  let [safe, unsafe] = [0, budget];
  while (unsafe - safe > 1) {
    const length = Math.floor((safe + unsafe) / 2);
    if (total.reduceRight((sum, coefficient) => sum * length + coefficient, 0) <= budget) safe = length;
    else unsafe = length;
  }
  return safe;
}

/** `undefined` where no polynomial bound is known. */
function costOf(node: Node): Cost | undefined {
  switch (node.kind) {
    case "empty":
    case "assertion":
    case "bytes":
      return { ways: one, steps: one };
    case "capture":
      return costOf(node.node);
    case "concat":
      return concatCost(node.nodes);
    case "alternate":
      return alternateCost(node.nodes);
    case "repeat":
      return repeatCost(node);
  }
}

function concatCost(nodes: readonly Node[]): Cost | undefined {
  let ways = one;
  let steps: Bound = [];
  for (const [i, node] of nodes.entries()) {
    const cost = costOf(node);
    if (!cost) return undefined;
    steps = plus(steps, times(ways, cost.steps));
    // A repetition that the next byte cannot continue stops in one place only.
    const single =
      node.kind === "repeat" && node.node.kind === "bytes" && cannotContinue(node.node.set, nodes.slice(i + 1));
    if (!single) ways = times(ways, cost.ways);
  }
  return bounded({ ways, steps });
}

function cannotContinue(set: RangeSet, rest: readonly Node[]): boolean {
  const first = rest.length === 0 ? undefined : firstBytes({ kind: "concat", nodes: rest });
  return first !== undefined && intersection(set, first).length === 0;
}

function alternateCost(nodes: readonly Node[]): Cost | undefined {
  let ways: Bound = [];
  let steps: Bound = one;
  let seen: RangeSet = [];
  let distinct = true;
  let widest: Bound = one;
  for (const node of nodes) {
    const cost = costOf(node);
    if (!cost) return undefined;
    ways = plus(ways, cost.ways);
    steps = plus(steps, cost.steps);
    widest = widest
      .map((coefficient, i) => Math.max(coefficient, cost.ways[i] ?? 0))
      .concat(cost.ways.slice(widest.length));
    const first = firstBytes(node);
    distinct &&= first !== undefined && intersection(seen, first).length === 0;
    seen = union(seen, first ?? []);
  }
  return bounded({ ways: distinct ? widest : ways, steps });
}

function repeatCost({ node, min, max }: Node & { readonly kind: "repeat" }): Cost | undefined {
  const body = costOf(node);
  if (!body) return undefined;
  const isSingle = body.ways.length === 1 && body.ways[0] === 1;
  if (max === Number.POSITIVE_INFINITY) {
    if (!isSingle || nullable(node)) return undefined;
    return bounded({ ways: [1, 1], steps: times(plus(body.steps, one), [1 + min, 1]) });
  }
  if (isSingle) return bounded({ ways: [max - min + 1], steps: times(plus(body.steps, one), [max + 1]) });
  if (max > 16) return undefined;
  let ways: Bound = min === 0 ? one : [];
  let power = one;
  let steps: Bound = one;
  for (let i = 1; i <= max; i += 1) {
    steps = plus(steps, times(power, plus(body.steps, one)));
    power = times(power, body.ways);
    if (power.length > maxDegree) return undefined;
    if (i >= min) ways = plus(ways, power);
  }
  return bounded({ ways, steps });
}

/**
 * The bytes that a node can begin with; undefined where it can match nothing, and so anything may come first, or where
 * that is not known.
 */
function firstBytes(node: Node): RangeSet | undefined {
  switch (node.kind) {
    case "empty":
    case "assertion":
      return undefined;
    case "bytes":
      return node.set;
    case "capture":
      return firstBytes(node.node);
    case "repeat":
      return node.min === 0 ? undefined : firstBytes(node.node);
    case "alternate": {
      const branches = node.nodes.map(firstBytes);
      // One branch about which nothing is known leaves nothing known about the whole.
      return branches.reduce<RangeSet | undefined>((set, first) => set && first && union(set, first), []);
    }
    case "concat": {
      let set: RangeSet = [];
      for (const part of node.nodes) {
        if (part.kind === "assertion" || part.kind === "empty") continue;
        const isOptional = part.kind === "repeat" && part.min === 0;
        const first = firstBytes(isOptional ? part.node : part);
        if (!first) return undefined;
        set = union(set, first);
        if (!isOptional) return set;
      }
      return undefined;
    }
  }
}

function bounded(cost: Cost): Cost | undefined {
  const small = (bound: Bound): boolean =>
    bound.length <= maxDegree && bound.every((coefficient) => coefficient <= budget);
  return small(cost.ways) && small(cost.steps) ? cost : undefined;
}

function plus(a: Bound, b: Bound): Bound {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) + (b[i] ?? 0));
}

function times(a: Bound, b: Bound): Bound {
  const product = new Array<number>(Math.max(0, a.length + b.length - 1)).fill(0);
  for (const [i, x] of a.entries()) for (const [j, y] of b.entries()) product[i + j] = (product[i + j] ?? 0) + x * y;
  return product;
}
