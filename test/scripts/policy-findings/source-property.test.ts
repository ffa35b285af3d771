import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { findProperty } from "../../../scripts/policy-findings/source-property.ts";
import { tokensOf } from "../../../scripts/policy-findings/source-tokens.ts";

const SOURCE = `const a = { ref: "other", when: "1" };
export const rules = [{ ref: "one", when }, {
  "ref": 'two',
  examples: { match: ["GET /", { request: "GET /x", given: {} }], pass: [\`GET /\${x}\`] },
  when: \`ssl\`,
  limit: limitOf(5, { seconds: 60 }),
  action_parameters() { return {}; },
}];`;

test.each([
  ["two", "when", '"when: `ssl`'],
  ["two", "examples.match.1.request", 'request: "GET /x"'],
  ["two", "examples.pass.0", "`GET /"],
  ["two", "examples.match.7", 'match: ["GET'],
  ["two", "limit.seconds", "limit: limitOf"],
  ["two", "action_parameters.response", "action_parameters()"],
  ["two", "nothing", "\"ref\": 'two'"],
  ["one", "when", "when }"],
  ["made_elsewhere", "when", 'when: "1"'],
])("of the rule %s the property %s is found", (ref, path, at) => {
  const found = findProperty(SOURCE, ref, path.split("."));
  expect(SOURCE.slice(found?.start)).toMatch(
    new RegExp(`^${at.replace(/^"(?=when)/, "").replaceAll(/[^\w]/g, "\\$&")}`),
  );
});

test("a value is taken word for word only where it is one string without escapes", () => {
  const literalOf = (value: string) => findProperty(`x = { ref: "a", when: ${value} }`, "a", ["when"])?.literal?.text;
  expect(["'ssl'", '"ssl"', "`ssl`"].map(literalOf)).toEqual(["ssl", "ssl", "ssl"]);
  expect(['"a\\"b"', ["`$", "{a}`"].join(""), "'a' + 'b'", "both('a')", "a"].map(literalOf)).toEqual(
    Array(5).fill(undefined),
  );
});

test("a file without a rule has no properties", () => {
  expect(findProperty("export const a = 1;", "a", ["when"])).toBeUndefined();
});

test("any text is read", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."{}[]()`$\"'/\\,:; \nab=") }), (text) => {
      const tokens = tokensOf(text);
      expect(tokens.every(({ start, end }) => start < end)).toBe(true);
      findProperty(text, "a", ["when"]);
    }),
    { numRuns: 500 },
  );
});
