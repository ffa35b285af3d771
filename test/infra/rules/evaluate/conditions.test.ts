// Shapes that the corpus does not have.
import { expect, test } from "@jest/globals";
import {
  type CompileOptions,
  check,
  compile,
  createSchema,
  type Expression,
  fieldsOf,
  localField,
  parse,
  parseType,
  print,
  SCHEMA,
  type Type,
  typeName,
} from "../../../../infra/rules/index.ts";

const type = (name: string): Type => parseType(name) ?? "Bytes";
const schema = createSchema(
  [
    localField("text", "Bytes"),
    localField("bytes", "Bytes"),
    localField("n", "Int"),
    localField("t", "Bool"),
    localField("f", "Bool"),
    localField("ip", "Ip"),
    localField("bools", type("Array<Boolean>")),
    localField("texts", type("Array<String>")),
    localField("map", type("Map<Array<String>>")),
    localField("nested", type("Array<Array<String>>")),
    localField("missing", type("Array<Boolean>")),
    localField("gone", "Bytes"),
  ],
  [...SCHEMA.functions.values()],
);
const values = {
  text: "Abc",
  bytes: "\xc9\xe9a",
  n: 9007199254740993n,
  t: true,
  f: false,
  ip: "::1",
  bools: [true, false],
  texts: ["b", "a"],
  map: { z: ["1"], a: ["2", "3"] },
  nested: [["x"], []],
};
const matches = (text: string, options: CompileOptions = {}) => {
  const compiled = compile(text, { schema, ...options });
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
  const fields = fieldsOf(schema, values);
  expect(compiled.read(fields).value).toBe(compiled.matches(fields));
  return compiled.matches(fields);
};

test.each<[string, boolean]>([
  // joined conditions of every length
  ["t and t and t and t and f", false],
  ["t and t and t and t and t and t", true],
  ["f or f or f or t", true],
  ["f or f or f or f or t", true],
  ["f or f or f or f or f or f", false],
  ["t and t and t and t", true],
  ["f or f or t", true],
  ["t xor t xor t", true],
  ['starts_with(text, "A")', true],
  ['ends_with(text, "c")', true],
  ['ends_with(text, "C")', false],
  ['starts_with(gone, "A")', false],
  ['ends_with(gone, "A")', false],
  ['ends_with(lower(text), "c")', true],
  ['gone contains ""', false],
  ['gone in {"a" "b"}', false],
  ['gone ne "a"', false],
  // whole numbers beyond 2^53
  ["n eq 9007199254740993", true],
  ["n eq 9007199254740992", false],
  ["n gt 9007199254740992", true],
  ["n & 1", true],
  ["n in {1..9007199254740993 4..5 9007199254740994}", true],
  ["n in {5 1..2 2..3 10..20}", false],
  ["n in {9007199254740993}", true],
  // sets of texts of every size
  ['text in {"Abc"}', true],
  ['text in {"a" "b" "Abc"}', true],
  ['text in {"a" "b" "c" "Abc"}', true],
  ['text in {"a" "b" "c"}', false],
  ['text in {"a" "b" "c" "d" "Abc"}', true],
  // bytes above 127 keep their case
  ['lower(bytes) eq "\\xc9\\xe9a"', true],
  ['upper(bytes) eq "\\xc9\\xe9A"', true],
  ['bytes wildcard "\\xe9*"', false],
  ['text wildcard "ABC"', true],
  ['text wildcard "abd"', false],
  // addresses
  ["ip ge ::1 and ip le ::1 and not ip gt ::1 and not ip lt ::1", true],
  ["ip ne ip", false],
  ["ip ge 1.1.1.1", false],
  // arrays
  ["any((bools and not bools))", false],
  ["any((bools xor not bools))", true],
  ["all((bools or not bools))", true],
  ["all((missing or missing))", true],
  ["all(missing)", false],
  ["any(bools)", true],
  ["all(bools)", false],
  ['any((texts[*] eq "a" and not texts[*] eq "b"))', true],
  ['all((map["none"][*] eq "a" or map["none"][*] eq "b"))', true],
  ['any(map[*][*] eq "3")', true],
  ['any(map[*][1] eq "3")', true],
  ['concat(map[*][0], "")[0] eq "2"', true],
  ['any(concat(texts[*], text)[*] eq "aAbc")', true],
  ['any(concat(map["none"][*], text)[*] eq "aAbc")', false],
  ['any(starts_with(texts[*], "a"))', true],
  ['nested[0][0] eq "x" and not nested[1][0] eq "x"', true],
  ['has_value(map["a"], "3")', true],
  ['wildcard_replace(text, "a*b*c", "\\x24{1}-\\x24{2}") eq "-"', true],
  ['wildcard_replace(text, "a*x*c", "y") eq "Abc"', true],
  ['wildcard_replace(text, "abc", "y") eq "y"', true],
  ['wildcard_replace(text, "x*", "y") eq "Abc"', true],
  ['wildcard_replace(gone, "*", "y") eq "y"', false],
  ['regex_replace(gone, "a", "y") eq "y"', false],
  ['to_string(n) eq "9007199254740993"', true],
  ['coalesce(gone, text, "x") eq "Abc"', true],
  ["hash_in_range(0, 10, t, ip, n) < 10", true],
  ['text matches "^A"', true],
])("%s is %s", (text, expected) => {
  expect(matches(text)).toBe(expected);
});

test("an argument can be a condition", () => {
  const echo = { name: "same", params: [{ kind: "any", types: ["Bool"] }], returns: "Bool" } as const;
  const own = createSchema([...schema.fields.values()], [...schema.functions.values(), echo]);
  const compiled = compile('same(text eq "Abc") and same((t and not f))', {
    schema: own,
    functions: { same: (value) => value },
  });
  expect(compiled.ok && compiled.matches(fieldsOf(own, values))).toBe(true);
});

test("in the library's own mode a missing value is not equal to anything", () => {
  const nilNotEqual = createSchema([...schema.fields.values()], [], { nilNotEqual: true });
  const run = (text: string) => {
    const compiled = compile(text, { schema: nilNotEqual });
    return compiled.ok && compiled.matches(fieldsOf(nilNotEqual, values));
  };
  expect([run('gone ne "a"'), run('texts[7] ne "a"'), run("gone ne text"), run('gone eq "a"')]).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

test("check says of a tree what compile says of its text", () => {
  const tree = (text: string): Expression => {
    const parsed = parse(text);
    if (!parsed.ok) throw new Error(text);
    return parsed.tree;
  };
  const text = 'http.hots  eq "a" and ssl';
  expect(check(tree(text)).map(({ code, span }) => [code, span.start])).toEqual([["unknown-field", 0]]);
  expect(check(tree(text), { text })[0]?.message).toBe("there is no field http.hots");
  expect(check(tree("http.response.code eq 1"), { phase: "http_ratelimit" })[0]?.code).toBe("field-phase");
  expect(check(tree("ssl"), { plan: "free" })).toEqual([]);
  const broken: Expression = { kind: "broken", span: { start: 0, end: 0 } };
  expect(check(broken)[0]?.code).toBe("expected-operand");
  expect(
    print({
      kind: "comparison",
      left: { kind: "value", of: { kind: "field", name: "ssl", span: broken.span }, accesses: [], span: broken.span },
      operator: { name: "eq", span: broken.span },
      right: { kind: "broken", span: broken.span },
      span: broken.span,
    }),
  ).toBe("ssl eq ");
});

test("types have the documentation's names and wirefilter's", () => {
  expect(["Bool", "Integer", "IP", "Array(Bytes)", "Map<Array<String>>"].map((name) => typeName(type(name)))).toEqual([
    "Boolean",
    "Integer",
    "IP address",
    "Array<String>",
    "Map<Array<String>>",
  ]);
  expect(["", "Set<String>", "Array<>", "Array<Nope>"].map(parseType)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
