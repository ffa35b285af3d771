/**
 * The slow readings of a checked expression: traced, which part decided and why, and three-valued (Kleene), where a
 * field that was not given is undetermined instead of an error, and so is a pattern that takes too many steps.
 */
import type { Compared, Condition, Quantified, Reader, Truth } from "../check/typed.ts";
import type { Expression } from "../language/ast.ts";
import { compileCondition, compileMapped } from "./conditions.ts";
import { type Context, compileReader } from "./readers.ts";
import { maySecret, show } from "./show.ts";
import { type Fields, unknownBy, type Value } from "./value.ts";

/** The result of an expression for one request. */
export interface Reading {
  /** Undefined where it depends on a field or list that was not given. */
  readonly value: boolean | undefined;
  /** Fields and `$lists` that were not given, and patterns that take too many steps, on which the value depends. */
  readonly undetermined: readonly string[];
  /** Which part decided, in a sentence without full stop. */
  readonly why: string;
  /** Every part that was looked at, in the order of the text, the whole first. */
  readonly parts: readonly Part[];
}

export interface Part {
  readonly node: Expression;
  readonly value: boolean | undefined;
}

interface ReadingOutcome {
  readonly value: boolean | undefined;
  readonly missing: readonly string[];
  readonly why: string;
  /** Of an `and` that is false: its parts that are true and come before the false one. */
  readonly trueParts: readonly ReadingOutcome[];
}

/** A function that reads one expression, `text`, slowly and in full. */
export function compileReading(condition: Condition, text: string, context: Context): (fields: Fields) => Reading {
  const leaves = new Map<Condition, LeafReader>();
  return (fields) => {
    const parts: Part[] = [];
    const { value, missing, why } = new Tracer(text, context, leaves, fields, parts).read(condition);
    return { value, undetermined: [...new Set(missing)], why, parts };
  };
}

interface LeafReader {
  readonly holds: (fields: Fields) => boolean;
  readonly seen: (fields: Fields) => string;
}

class Tracer {
  readonly #text: string;
  readonly #context: Context;
  readonly #leaves: Map<Condition, LeafReader>;
  readonly #fields: Fields;
  readonly #parts: Part[];

  constructor(text: string, context: Context, leaves: Map<Condition, LeafReader>, fields: Fields, parts: Part[]) {
    this.#text = text;
    this.#context = context;
    this.#leaves = leaves;
    this.#fields = fields;
    this.#parts = parts;
  }

  read(condition: Condition): ReadingOutcome {
    const at = this.#parts.length;
    this.#parts.push({ node: condition.node, value: undefined });
    const outcome = this.#readParts(condition);
    this.#parts[at] = { node: condition.node, value: outcome.value };
    return outcome;
  }

  #readParts(condition: Condition): ReadingOutcome {
    if (condition.kind === "not") {
      const { value, missing, why } = this.read(condition.operand);
      return { value: value === undefined ? undefined : !value, missing, why, trueParts: [] };
    }
    if (condition.kind !== "logical") return this.#leaf(condition);
    return condition.operator === "xor"
      ? this.#xor(condition.items)
      : this.#join(condition.items, condition.operator === "or");
  }

  /** `or` stops at the first true part, `and` at the first false one; an undetermined part does not stop it. */
  #join(items: readonly Condition[], stop: boolean): ReadingOutcome {
    const outcomes: ReadingOutcome[] = [];
    for (const item of items) {
      const outcome = this.read(item);
      if (outcome.value === stop) {
        const before = stop ? [] : outcomes.filter(({ value }) => value === true);
        return { ...outcome, trueParts: [...before, ...outcome.trueParts] };
      }
      outcomes.push(outcome);
    }
    const open = outcomes.filter(({ value }) => value === undefined);
    return {
      value: open.length > 0 ? undefined : !stop,
      missing: open.flatMap(({ missing }) => missing),
      why: open.length > 0 ? sentence(open) : reasonOfAll(outcomes, stop),
      trueParts: [],
    };
  }

  #xor(items: readonly Condition[]): ReadingOutcome {
    const outcomes = items.map((item) => this.read(item));
    const open = outcomes.filter(({ value }) => value === undefined);
    return {
      value: open.length > 0 ? undefined : outcomes.filter(({ value }) => value).length % 2 === 1,
      missing: open.flatMap(({ missing }) => missing),
      why: sentence(open.length > 0 ? open : outcomes),
      trueParts: [],
    };
  }

  #leaf(condition: Quantified | Truth | Compared): ReadingOutcome {
    let leaf = this.#leaves.get(condition);
    if (!leaf) {
      leaf = { holds: compileCondition(condition, this.#context), seen: seenBy(condition, this.#context, this.#text) };
      this.#leaves.set(condition, leaf);
    }
    const { span } = condition.node;
    const text = shortened(this.#text.slice(span.start, span.end));
    try {
      const value = leaf.holds(this.#fields);
      return { value, missing: [], why: `${text} is ${value}${leaf.seen(this.#fields)}`, trueParts: [] };
    } catch (error) {
      const unknown = unknownBy(error);
      if (!unknown) throw error;
      const why = `${text} is undetermined, because ${unknown.reason}`;
      return { value: undefined, missing: [unknown.what], why, trueParts: [] };
    }
  }
}

/** Every part of an `and` is true, or every part of an `or` is false: a few are named, of many one. */
function reasonOfAll(outcomes: readonly ReadingOutcome[], isOr: boolean): string {
  if (outcomes.length <= 3) return sentence(outcomes);
  if (!isOr) return `each of ${outcomes.length} conditions is true, the first being: ${outcomes[0]?.why}`;
  const nearest = outcomes.reduce((best, one) => (one.trueParts.length > best.trueParts.length ? one : best));
  const { trueParts, why } = nearest;
  const which = trueParts.length > 0 ? `the nearest being: ${sentence(trueParts)}, but` : "the first being:";
  return `none of ${outcomes.length} conditions is true, ${which} ${why}`;
}

/** Characters of a condition in a reason: a list of paths may have thousands. */
const MAX_SHOWN_CHARACTERS = 120;

function shortened(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}...` : text;
}

/** At most three reasons; more would not be read. */
function sentence(outcomes: readonly ReadingOutcome[]): string {
  const reasons = outcomes.slice(0, 3).map(({ why }) => why);
  const more = outcomes.length - reasons.length;
  return `${reasons.join(", and ")}${more > 0 ? `, and ${more} more` : ""}`;
}

/** What the left side was, as the end of a sentence; nothing for what may be a secret. */
function seenBy(condition: Quantified | Truth | Compared, context: Context, text: string): (fields: Fields) => string {
  if (condition.kind === "quantifier") return seenElements(condition, context, text);
  if (condition.kind === "truth") return () => "";
  const left = seenReader(condition.left, context, text);
  const right = condition.test.kind === "dynamic" ? seenReader(condition.test.right, context, text) : undefined;
  return (fields) => `, because ${left(fields)}${right ? ` and ${right(fields)}` : ""}`;
}

function seenReader(reader: Reader, context: Context, text: string): (fields: Fields) => string {
  const name = textOf(reader, text);
  if (maySecret(reader)) return () => `of ${name}, which is not shown`;
  const read = compileReader(reader, context);
  return (fields) => `${name} is ${show(read(fields), reader.type)}`;
}

/** A quantifier names the first element that decided. */
function seenElements({ quantifier, over }: Quantified, context: Context, text: string): (fields: Fields) => string {
  if (over.kind !== "compare") return () => "";
  const each = compileMapped(over, context);
  const read = compileReader(over.left, context);
  const secret = maySecret(over.left);
  const name = textOf(over.left, text);
  return (fields) => {
    const results = each(fields);
    if (results.length === 0) return `, because ${name} has no elements`;
    const at = results.indexOf(quantifier === "any");
    if (at < 0) return `, because ${quantifier === "any" ? "no" : "each"} element of ${name} does`;
    const element = (read(fields) as readonly Value[] | undefined)?.[at];
    return secret ? "" : `, because one of ${name} is ${show(element, over.left.type)}`;
  };
}

function textOf({ node: { span } }: Reader, text: string): string {
  return text.slice(span.start, span.end);
}
