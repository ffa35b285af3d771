import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { FORMATS, type Format, hasFormat } from "../../../backend/surface/formats.ts";
import {
  array,
  boolean,
  constant,
  integer,
  nullable,
  number,
  object,
  oneOf,
  optional,
  type Properties,
  string,
  type TypeOf,
  union,
  type ValueSchema,
} from "../../../backend/surface/grammar.ts";
import { compileValidator, type Mismatch } from "../../../backend/surface/validator.ts";
import { character } from "../../character.ts";
import { sample } from "../sample-values.ts";

const ajv = new Ajv2020({ strict: false, validateFormats: true });
for (const format of Object.keys(FORMATS) as Format[]) {
  ajv.addFormat(format, { type: "string", validate: (text) => hasFormat(format, text) });
}

/** Schemas of every kind, nested. */
const { schema } = fc.letrec<{ schema: ValueSchema; leaf: ValueSchema; properties: Properties }>((tie) => ({
  leaf: fc.oneof(
    fc.tuple(fc.nat(5), fc.nat(5)).map(([min, more]) => string({ min, max: min + more })),
    fc.constantFrom(...(Object.keys(FORMATS) as Format[])).map((format) => string({ min: 0, max: 40, format })),
    fc.tuple(fc.integer({ min: -5, max: 5 }), fc.nat(5)).map(([min, more]) => integer({ min, max: min + more })),
    fc.tuple(fc.integer({ min: -5, max: 5 }), fc.nat(5)).map(([min, more]) => number({ min, max: min + more })),
    fc.constant(boolean()),
    fc.constant(oneOf(["red", "green", "1"])),
    fc.constantFrom<ValueSchema>(constant(true), constant("x"), constant(1)),
  ),
  properties: fc.dictionary(
    fc.constantFrom("a", "b", "c"),
    fc.tuple(tie("schema"), fc.boolean()).map(([one, mayMiss]) => (mayMiss ? optional(one) : one)),
    { maxKeys: 3 },
  ),
  schema: fc.oneof(
    { maxDepth: 3, depthIdentifier: "schema" },
    tie("leaf"),
    fc.tuple(tie("schema"), fc.nat(2), fc.nat(2)).map(([items, min, more]) => array(items, { min, max: min + more })),
    tie("properties").map((properties) => object(properties)),
    fc.tuple(tie("properties"), tie("properties")).map(([one, other]) => union("kind", { one, other })),
    tie("schema").map((inner) => nullable(inner)),
  ),
}));

const scalar = fc.oneof(
  fc.string({ unit: character, maxLength: 8 }),
  fc.integer({ min: -7, max: 12 }),
  fc.double(),
  fc.constantFrom<unknown>(null, true, false, "red", "x", "somebody@example.org", "2026-02-28", "https://a.example/"),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "d", "__proto__", "constructor"), tie("value"), { maxKeys: 4 }),
    fc.record({ kind: fc.constantFrom("one", "other", "none"), a: tie("value") }, { requiredKeys: ["kind"] }),
  ),
}));

/** A value like the sample of the schema, with one part replaced. */
const nearly = fc.tuple(schema, value, fc.nat()).map(([one, other, place]) => {
  const good: unknown = JSON.parse(JSON.stringify(sample(one)));
  if (typeof good !== "object" || good === null) return { schema: one, value: good };
  const names = Object.keys(good);
  const name = names[place % (names.length + 1)] ?? "d";
  return { schema: one, value: Array.isArray(good) ? [...good, other] : { ...good, [name]: other } };
});

/** Text of ours is stricter than JSON Schema, which knows no lone surrogates and no NUL. */
const isStorable = (part: unknown) => !/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(part) ?? "");

test("a validator accepts what ajv accepts by the same schema, and nothing else", () => {
  const seen = { accepted: 0, refused: 0 };
  const random = fc.tuple(schema, value).map(([one, other]) => ({ schema: one, value: other }));
  const good = schema.map((one) => ({ schema: one, value: sample(one) }));
  fc.assert(
    fc.property(fc.oneof(random, nearly, good), ({ schema: one, value: sent }) => {
      fc.pre(isStorable(sent));
      const given: unknown = JSON.parse(JSON.stringify(sent));
      const accepts = compileValidator(one)(given) === undefined;
      expect([one, given, accepts]).toEqual([one, given, ajv.validate(one, given)]);
      seen[accepts ? "accepted" : "refused"] += 1;
    }),
    { numRuns: 400 },
  );
  expect(seen.accepted).toBeGreaterThan(50);
  expect(seen.refused).toBeGreaterThan(50);
});

const todo = object({
  title: string({ min: 1, max: 8 }),
  done: optional(boolean()),
  due: nullable(string({ min: 10, max: 10, format: "date" })),
  weight: number({ min: 0, max: 1.5 }),
  tags: array(oneOf(["home", "work"]), { max: 2 }),
  about: union("kind", { text: { body: string({ min: 0, max: 5 }) }, link: { to: integer({ min: 1, max: 9 }) } }),
});
const good = { title: "x", due: null, weight: 1.5, tags: ["home"], about: { kind: "link", to: 9 } } satisfies TypeOf<
  typeof todo
>;

test.each<[object, Mismatch]>([
  [{ title: 1 }, { field: "title", expected: "a string of 1 to 8 characters", given: "an integer" }],
  [{ title: "" }, { field: "title", expected: "a string of 1 to 8 characters", given: "a string of 0 characters" }],
  [{ title: undefined }, { field: "title", expected: "a string of 1 to 8 characters", given: "nothing" }],
  [{ done: "yes" }, { field: "done", expected: "true or false", given: "a string of 3 characters" }],
  [
    { due: "2026-02-30" },
    {
      field: "due",
      expected: "a string of 10 characters in the format date, or null",
      given: "a string without this format",
    },
  ],
  [{ weight: 1.6 }, { field: "weight", expected: "a number from 0 to 1.5", given: "a larger one" }],
  [{ weight: -1 }, { field: "weight", expected: "a number from 0 to 1.5", given: "a smaller one" }],
  [{ weight: "1" }, { field: "weight", expected: "a number from 0 to 1.5", given: "a string of 1 character" }],
  [
    { about: { kind: "link", to: 10 } },
    { field: "about.to", expected: "an integer from 1 to 9", given: "a larger one" },
  ],
  [{ about: { kind: "link", to: 1.5 } }, { field: "about.to", expected: "an integer from 1 to 9", given: "a number" }],
  [{ weight: Number.NaN }, { field: "weight", expected: "a number from 0 to 1.5", given: "a number" }],
  [{ tags: ["home", "x"] }, { field: "tags[1]", expected: "one of home, work", given: "a string of 1 character" }],
  [
    { tags: ["home", "home", "home"] },
    { field: "tags", expected: "an array of 0 to 2 items", given: "an array of 3 items" },
  ],
  [{ about: { kind: "text" } }, { field: "about.body", expected: "a string of 0 to 5 characters", given: "nothing" }],
  [
    { about: { kind: "song" } },
    { field: "about.kind", expected: "one of text, link", given: "a string of 4 characters" },
  ],
  [
    { about: { kind: "link", to: 1, body: "" } },
    { field: "about", expected: "only kind, to", given: "a name that is not declared" },
  ],
  [
    { more: 1 },
    { field: "", expected: "only title, done, due, weight, tags, about", given: "a name that is not declared" },
  ],
])("a refusal of %j says which field, what was expected and what kind of value was given", (part, mismatch) => {
  const validate = compileValidator(todo);
  expect(validate(good)).toBeUndefined();
  expect(validate({ ...good, ...part })).toEqual(mismatch);
});

test("lengths are counted in code points, without counting what is far too long", () => {
  const validate = compileValidator(string({ min: 2, max: 3 }));
  for (const text of ["ab", "abc", "🔑🔑", "🔑🔑🔑", "a🔑"]) expect([text, validate(text)]).toEqual([text, undefined]);
  for (const text of ["a", "🔑", "abcd", "🔑🔑🔑🔑", "ab🔑🔑"])
    expect([text, validate(text)]).not.toEqual([text, undefined]);
});

test("text that no database stores is refused, and the refusal never holds the value", () => {
  const validate = compileValidator(string({ min: 0, max: 9 }));
  for (const text of ["a\0", "\ud800x", "x\udc00"])
    expect(validate(text)).toMatchObject({ given: "a string that is not" });
  const refused = compileValidator(object({ password: string({ min: 20, max: 30, secret: true }) }))({
    password: "hunter2",
  });
  expect(JSON.stringify(refused)).not.toContain("hunter2");
});

test("what every object inherits is no property of a value, and a schema cannot ask for it", () => {
  const validate = compileValidator(object({}));
  for (const name of ["__proto__", "constructor", "toString"]) {
    expect(validate(JSON.parse(`{"${name}":1}`))).toMatchObject({ given: "a name that is not declared" });
  }
  expect(() => compileValidator(object({ constructor: boolean() }))).toThrow("cannot be called constructor");
});

test("what is no schema of the grammar is refused when it is compiled, not when a value comes", () => {
  expect(() => compileValidator({ type: "date" } as never)).toThrow('the type "date"');
  expect(() => compileValidator(array({ type: undefined } as never, { max: 1 }))).toThrow("the type undefined");
  const untagged = { oneOf: [object({})], discriminator: { propertyName: "kind" } };
  expect(() => compileValidator(untagged)).toThrow("has no constant kind");
});

test.each<[Format, readonly string[], readonly string[]]>([
  ["email", ["a@b.de", "a.b+c@d-e.example"], ["a", "a@b", "a b@c.de", "@b.de", "a@@b.de", "a@b..de"]],
  ["uuid", ["0b0c7cf5-6c0c-4a52-8a5e-9d3f3d1c9c11"], ["0b0c7cf56c0c4a528a5e9d3f3d1c9c11", "x"]],
  [
    "date",
    ["2026-02-28", "2024-02-29", "0099-01-01"],
    ["2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-00-10"],
  ],
  [
    "date-time",
    ["2026-02-28T23:59:59Z", "2026-02-28T00:00:00.123+01:30"],
    ["2026-02-28", "2026-02-28T24:00:00Z", "2026-02-28T23:59:59", "2026-02-30T23:59:59Z", "2026-02-28 23:59:59Z"],
  ],
  [
    "uri",
    ["https://example.org/a?b=c#d", "http://[::1]:8080/"],
    ["ftp://a", "javascript:alert(1)", "//a", "https://a b", "x"],
  ],
])("the format %s", (format, accepted, refused) => {
  for (const text of accepted) expect([text, hasFormat(format, text)]).toEqual([text, true]);
  for (const text of refused) expect([text, hasFormat(format, text)]).toEqual([text, false]);
});

test("validators need no code from text: they work where the process forbids it", () => {
  const program = `
    import { compileValidator } from "./backend/surface/validator.ts";
    import { integer, object } from "./backend/surface/grammar.ts";
    const validate = compileValidator(object({ n: integer({ min: 1, max: 2 }) }));
    console.log(JSON.stringify([validate({ n: 1 }) === undefined, validate({ n: 3 }).field]));`;
  const flags = ["--disallow-code-generation-from-strings", "--input-type=module-typescript", "-e", program];
  expect(execFileSync(process.execPath, flags, { encoding: "utf8" })).toBe('[true,"n"]\n');
});
