import { StatementSync } from "node:sqlite";
import { afterAll } from "@jest/globals";

const WAYS = ["all", "get", "run", "iterate"] as const;

/** Both give a number since their last call. */
export interface Executed {
  /** Statements, but for those that begin and end a transaction. */
  (): number;
  transactions(): number;
}

/** Counts the statements that SQLite runs in this test file, those whose text matches. */
export function countStatements(matching = /(?:)/): Executed {
  let count = 0;
  let begun = 0;
  const before = WAYS.map((way) => [way, StatementSync.prototype[way]] as const);
  for (const [way, method] of before) {
    (StatementSync.prototype as unknown as Record<string, unknown>)[way] = function counting(
      this: StatementSync,
      ...parameters: never[]
    ) {
      const isWork = !/^(begin|commit|rollback|savepoint|release)/.test(this.sourceSQL);
      if (isWork && matching.test(this.sourceSQL)) count += 1;
      if (/^begin/.test(this.sourceSQL)) begun += 1;
      return (method as (...given: never[]) => unknown).apply(this, parameters);
    };
  }
  afterAll(() => {
    Object.assign(StatementSync.prototype, Object.fromEntries(before));
  });
  const executed = () => {
    const counted = count;
    count = 0;
    return counted;
  };
  return Object.assign(executed, {
    transactions() {
      const counted = begun;
      begun = 0;
      return counted;
    },
  });
}
