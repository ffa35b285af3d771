// Expressions of real users, some wrong on purpose. Their text belongs to others and is read where CAUSEWAY_REFERENCE
// says; what is kept here is which of them are refused, by SHA-256, and why.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { type CompileOptions, compile, compileValue, type Phase } from "../../../infra/rules/index.ts";

const REFUSED = JSON.parse(readFileSync(new URL("./refused-expressions.json", import.meta.url), "utf8")) as Readonly<
  Record<string, string>
>;

interface Collected {
  readonly expression: string;
  /** Null where the expression's phase is not known. */
  readonly phase: Phase | null;
}

/** What is wrong with an expression as any part of a rule of its phase; undefined where it is right as one. */
function mistakes({ expression, phase }: Collected): readonly string[] | undefined {
  const where: CompileOptions = { plan: "enterprise", ...(phase && { phase }) };
  const compiled = compile(expression, where);
  const isRight =
    compiled.ok || compileValue(expression, where).ok || compile(expression, { ...where, part: "counting" }).ok;
  return isRight ? undefined : compiled.diagnostics.map(({ message }) => message);
}

test("expressions of real users are refused where the list says so, and nowhere else", () => {
  const { expressions } = JSON.parse(
    readFileSync(join(process.env.CAUSEWAY_REFERENCE ?? "", "data/real-expressions.json"), "utf8"),
  ) as {
    readonly expressions: readonly Collected[];
  };
  const unexpected: unknown[] = [];
  const seen = new Set<string>();
  for (const collected of expressions) {
    const hash = createHash("sha256").update(collected.expression).digest("hex");
    seen.add(hash);
    const refused = mistakes(collected);
    if (refused && !REFUSED[hash]) unexpected.push(["refused unexpectedly", collected.expression, refused]);
    if (!refused && REFUSED[hash]) unexpected.push(["accepted unexpectedly", collected.expression, REFUSED[hash]]);
  }
  expect(unexpected).toEqual([]);
  expect(expressions.length).toBeGreaterThan(500);
  expect(Object.keys(REFUSED).filter((hash) => !seen.has(hash))).toEqual([]);
});
