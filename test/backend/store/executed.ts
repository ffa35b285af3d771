import { StatementSync } from "node:sqlite";
import { afterAll } from "@jest/globals";

const WAYS = ["all", "get", "run", "iterate"] as const;

/**
 * Counts the statements that SQLite runs in this test file, but for those that begin and end a transaction. Returns
 * what gives their number since the last call.
 */
export function countStatements(): () => number {
  let count = 0;
  const before = WAYS.map((way) => [way, StatementSync.prototype[way]] as const);
  for (const [way, method] of before) {
    (StatementSync.prototype as unknown as Record<string, unknown>)[way] = function counting(
      this: StatementSync,
      ...parameters: never[]
    ) {
      if (!/^(begin|commit|rollback|savepoint|release)/.test(this.sourceSQL)) count += 1;
      return (method as (...given: never[]) => unknown).apply(this, parameters);
    };
  }
  afterAll(() => {
    Object.assign(StatementSync.prototype, Object.fromEntries(before));
  });
  return () => {
    const counted = count;
    count = 0;
    return counted;
  };
}
