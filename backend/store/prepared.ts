import type { Compilable, CompiledQuery, Kysely } from "kysely";

/** Stands for a parameter while a query is built. */
class Slot {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Runs a query, in a transaction or not, and answers its rows. */
export type Prepared<S, P, O> = (db: Kysely<S>, parameters: P) => Promise<O[]>;

/**
 * A query that is built once, by `build`, for what is asked thousands of times a second: building one costs as much as running it.
 * `build` uses its parameters as values only, each of them as often as it likes.
 */
export function prepared<S, P extends object, O>(
  db: Kysely<S>,
  build: (db: Kysely<S>, parameters: P) => Compilable<O>,
): Prepared<S, P, O> {
  const slots = new Proxy({}, { get: (_, name) => new Slot(String(name)) }) as P;
  const query = build(db, slots).compile() as CompiledQuery<O>;
  const fill = query.parameters.map((value) =>
    value instanceof Slot ? (given: P) => given[value.name as keyof P] : () => value,
  );
  return async (within, parameters) =>
    (await within.executeQuery<O>({ ...query, parameters: fill.map((one) => one(parameters)) })).rows;
}
