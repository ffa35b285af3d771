import { expect, test } from "@jest/globals";
import { compileRegex, PatternTooCostly } from "../../../../../infra/rules/regex/index.ts";

// Each takes all the steps that one test may take, twice. A third shape is in
// test/infra/rules/regex/compile-regex.test.ts.
test.each(["(?:ab){20000}c", "(?:[ab]{2,3}){9000}c"])("%s is given up", (pattern) => {
  const regex = compileRegex(pattern);
  if (!regex.ok) throw new Error(regex.message);
  const input = "ab".repeat(40_000);
  expect(regex.mayBeTooCostly(input.length)).toBe(true);
  expect(() => regex.test(input)).toThrow(PatternTooCostly);
  // and goes on with inputs that it can decide
  expect(regex.test("ab".repeat(10))).toBe(false);
  expect(() => regex.find(input)).toThrow("make its repetitions smaller");
});
