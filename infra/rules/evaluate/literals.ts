/**
 * Literals that several items of an `or` search in one value, as one regular expression of JavaScript without
 * repetitions.
 */
import type { Condition, Reader } from "../check/typed.ts";

/** A search for any of several literals in the value of a reader. */
export interface LiteralSearch {
  readonly reader: Reader;
  readonly pattern: RegExp;
}

/** Fewer literals are faster one by one. */
const LEAST = 3;

/** The items of an `or`, where neighbours that search the same value became one search. */
export function groupLiterals(items: readonly Condition[]): readonly (Condition | LiteralSearch)[] {
  const groups: (Condition | LiteralSearch)[] = [];
  for (let at = 0; at < items.length; ) {
    const run = runFrom(items, at);
    const [first] = run;
    if (first && run.length >= LEAST) {
      groups.push({ reader: first.reader, pattern: new RegExp(run.map(({ source }) => source).join("|")) });
      at += run.length;
    } else {
      groups.push(...items.slice(at, at + Math.max(1, run.length)));
      at += Math.max(1, run.length);
    }
  }
  return groups;
}

interface Literal {
  readonly reader: Reader;
  /** Identifies the reader. */
  readonly key: string;
  /** As a regular expression. */
  readonly source: string;
}

/** The longest run of items that search the value which the item at `from` searches. */
function runFrom(items: readonly Condition[], from: number): readonly Literal[] {
  const run: Literal[] = [];
  for (const item of items.slice(from)) {
    const literal = literalOf(item);
    if (!literal || (run[0] && run[0].key !== literal.key)) break;
    run.push(literal);
  }
  return run;
}

function literalOf(condition: Condition): Literal | undefined {
  if (condition.kind === "compare" && condition.test.kind === "contains") {
    return literal(condition.left, escaped(condition.test.value));
  }
  const affix = condition.kind === "truth" ? affixOf(condition.left) : undefined;
  if (!affix) return undefined;
  const text = escaped(affix.text);
  return literal(affix.of, affix.atStart ? `^${text}` : `${text}$`);
}

function literal(reader: Reader, source: string): Literal | undefined {
  const key = keyOf(reader);
  return key === undefined ? undefined : { reader, key, source };
}

/** A call of `starts_with` or `ends_with` with a literal. */
export function affixOf({
  source,
  accesses,
}: Reader): { readonly of: Reader; readonly text: string; readonly atStart: boolean } | undefined {
  if (source.kind !== "call" || accesses.length > 0) return undefined;
  const { name } = source.spec;
  if (name !== "starts_with" && name !== "ends_with") return undefined;
  const [of, part] = source.arguments;
  if (of?.kind !== "reader" || part?.kind !== "literal") return undefined;
  return { of, text: part.value as string, atStart: name === "starts_with" };
}

/** The same text for the same field, its accesses and `lower` included; undefined for every other reader. */
function keyOf({ source, accesses }: Reader): string | undefined {
  if (source.kind === "field")
    return JSON.stringify([source.field.slot, ...accesses.map(({ span: _, ...one }) => one)]);
  const [of] = source.arguments;
  if (source.spec.name !== "lower" || of?.kind !== "reader" || accesses.length > 0) return undefined;
  const key = keyOf(of);
  return key === undefined ? undefined : `lower ${key}`;
}

/** Bytes that match themselves in a regular expression. */
const escaped = (bytes: string): string =>
  bytes.replace(/[^A-Za-z0-9]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
