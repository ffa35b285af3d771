// Literals that an `or` searches in one value become one search: it must find what each of them finds.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { compile, createSchema, type Fields, FUNCTIONS, fieldsOf, localField } from "../../../../infra/rules/index.ts";

const schema = createSchema(
  [localField("a", "Bytes"), localField("b", "Bytes"), localField("m", { kind: "Map", of: "Bytes" })],
  FUNCTIONS,
);

function matches(expression: string, fields: Fields): boolean {
  const compiled = compile(expression, { schema });
  if (!compiled.ok) throw new Error(`${expression}: ${compiled.diagnostics[0]?.message}`);
  expect(compiled.read(fields).value).toBe(compiled.matches(fields));
  return compiled.matches(fields);
}

const quoted = (text: string) =>
  `"${text.replace(/[^A-Za-z0-9 ]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`;
// few characters, so that literals are found; some have a meaning in regular expressions
const text = fc.string({
  unit: fc.constantFrom("a", "B", ".", "*", "$", "^", "\\", "\n", "-", "]", "(", "\xe9"),
  maxLength: 4,
});
const kinds = ["contains", "starts_with", "ends_with"] as const;
const readers = ["a", "lower(a)", "b", 'm["k"]', 'm["l"]', "upper(a)", "lower(lower(b))"] as const;

test("R10: an or of literals finds what each finds alone", () => {
  const term = fc.tuple(fc.constantFrom(...readers), fc.constantFrom(...kinds), text);
  const value = fc.string({ unit: fc.constantFrom("a", "b", "A", "B", ".", "$", "\\", "\n", "\xe9"), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(term, { minLength: 1, maxLength: 9 }), value, value, fc.boolean(), (terms, a, b, missing) => {
      const fields = fieldsOf(schema, { ...(!missing && { a }), b, m: { k: a, x: b } });
      const one = ([reader, kind, part]: (typeof terms)[number]) =>
        kind === "contains" ? `${reader} contains ${quoted(part)}` : `${kind}(${reader}, ${quoted(part)})`;
      const each = terms.map((part) => matches(one(part), fields));
      expect(matches(terms.map(one).join(" or "), fields)).toBe(each.includes(true));
      expect(matches(terms.map(one).join(" and "), fields)).toBe(!each.includes(false));
    }),
    { numRuns: 300 },
  );
});

test("R10: lower case that is remembered is that of the same field", () => {
  const fields = fieldsOf(schema, { a: "Ab", b: "CD" });
  expect(matches('lower(a) eq "ab" and lower(b) eq "cd" and lower(a) eq "ab" and a wildcard "aB*"', fields)).toBe(true);
  expect(matches('lower(a) eq "ab"', fieldsOf(schema, {}))).toBe(false);
  expect(matches('a wildcard "a*"', fieldsOf(schema, {}))).toBe(false);
  const own = compile('lower(a) eq "own"', { schema, functions: { lower: () => "own" } });
  expect(own.ok && own.matches(fields)).toBe(true);
});
