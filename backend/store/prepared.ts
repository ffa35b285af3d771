import { createHash } from "node:crypto";
import type { Compilable, CompiledQuery, Kysely } from "kysely";

/** A placeholder for a parameter while a query is built. */
class ParameterSlot {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A query that PostgreSQL parses and plans once for each connection, and keeps there under the name `statement`. */
export interface NamedQuery<O = unknown> extends CompiledQuery<O> {
  readonly statement?: string;
}

/**
 * Gives a query a name, which is a hash of its text. Not for texts that depend on parameters: the server keeps each
 * prepared statement until the connection ends.
 */
export function named<O>(query: CompiledQuery<O>): NamedQuery<O> {
  const statement = createHash("sha256").update(query.sql).digest("hex").slice(0, 16);
  return { ...query, statement };
}

/** A connection or a transaction, whatever the type of its tables, so that features can share queries. */
export type QueryRunner = Pick<Kysely<unknown>, "executeQuery">;

/** Runs a query, in a transaction or not, and returns its rows. */
export type Prepared<P, O> = (within: QueryRunner, parameters: P) => Promise<O[]>;

/** A query that was built once. `values` returns its parameters in their order. */
export interface Template<P, O> {
  readonly query: CompiledQuery<O>;
  values(parameters: P): unknown[];
}

/**
 * Builds a query once, for any parameters. `build` may use each parameter several times, but as a value in the query
 * only: it must not read or compare it.
 */
export function template<S, P extends object, O>(
  db: Kysely<S>,
  build: (db: Kysely<S>, parameters: P) => Compilable<O>,
): Template<P, O> {
  const slots = new Proxy({}, { get: (_, name) => new ParameterSlot(String(name)) }) as P;
  const query = build(db, slots).compile() as CompiledQuery<O>;
  const fill = query.parameters.map((value) =>
    value instanceof ParameterSlot ? (given: P) => given[value.name as keyof P] : () => value,
  );
  return { query, values: (parameters) => fill.map((one) => one(parameters)) };
}

/**
 * A query that is built once, by `build`, and run thousands of times a second: building one costs as much as running
 * it. PostgreSQL prepares it once for each connection.
 */
export function prepared<S, P extends object, O>(
  db: Kysely<S>,
  build: (db: Kysely<S>, parameters: P) => Compilable<O>,
): Prepared<P, O> {
  const { query: unnamed, values } = template(db, build);
  const query = named(unnamed);
  return async (within, parameters) =>
    (await within.executeQuery<O>({ ...query, parameters: values(parameters) })).rows;
}
