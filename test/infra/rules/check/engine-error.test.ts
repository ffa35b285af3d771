// The positions are those that the real engine gave (wirefilter af1a1e9).
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { engineErrorOf } from "../../../../infra/rules/check/engine-error.ts";
import {
  compile,
  compileValue,
  createSchema,
  engineError,
  FUNCTIONS,
  fieldsOf,
  localField,
  parseType,
  type Type,
} from "../../../../infra/rules/index.ts";

const TYPES: Readonly<Record<string, string>> = {
  "http.host": "Bytes",
  "http.request.headers": "Map(Array(Bytes))",
  "http.request.headers.names": "Array(Bytes)",
  "ip.src": "Ip",
  ssl: "Bool",
  port: "Int",
  bools: "Array(Bool)",
  aab: "Array(Array(Bytes))",
  mapOfBool: "Map(Bool)",
  mapOfInt: "Map(Int)",
  "cf.edge.server_port": "Int",
};
const schema = createSchema(
  Object.entries(TYPES).map(([name, type]) => localField(name, parseType(type) as Type)),
  FUNCTIONS,
);

/** Position and text of the engine's error; "accepted" where there is none. */
const told = (text: string): string => {
  const compiled = compile(text, { schema });
  if (compiled.ok) return "accepted";
  const [first] = compiled.diagnostics;
  if (!first?.engine) return `no word of the engine: ${first?.message}`;
  const [head = "", ...lines] = engineError(first, text).trimEnd().split("\n");
  return `${/\d+:\d+/.exec(head)?.[0]} ${lines.at(-1)?.trimStart().replace(/^\^+ /, "")}`;
};

test.each([
  ["  xyz", "1:3 unknown identifier"],
  ["\n xyz", "2:2 unknown identifier"],
  ["   ", "1:1 expected identifier character"],
  ["len(61:62) eq 1", "1:5 invalid kind of argument #0: expected argument of kind Field, but got Literal"],
  ['lower not in "a"', '1:7 expected literal "("'],
  ['http.request.header["a"', "1:1 unknown identifier"],
  ['any(ssl() ~ "a")', "1:5 expected value of type Array<Bool>, but got Bool"],
  ['any("{', "1:6 could not find an ending quote"],
  ["http.host eq r", '1:15 expected " or #'],
  ["http.host eq ab", "1:16 expected 1 characters, but found 0"],
  ["http.host eq xyz", "1:14 invalid digit found in string while parsing with radix 16"],
  ["ssl eq true", "1:4 unrecognised input"],
  ["(ssl eq true)", '1:6 expected literal ")"'],
  ["any(aab[*", "1:5 unrecognised input"],
  ["boos[0", "1:1 unknown identifier"],
  ["port[0:] in {1}", '1:7 expected literal "]"'],
  ['port["y"] in {1}', '1:5 cannot access index MapKey("y") for type Int'],
  ["aab[*]", "1:7 expected ComparisonOp"],
  ["bools[*]", "1:9 expected value of type Bool, but got Array<Bool>"],
  ["ssl or bools and ssl", "1:21 expected value of type Array<Bool>, but got Bool"],
  ["ssl and bools or xyz", "1:18 expected value of type Bool, but got Array<Bool>"],
  ["http.host matches r", '1:20 expected " or #'],
  ['http.host wildcard "a**"', "1:20 wildcard contains a double star"],
  ["http.host contains", "1:19 unrecognised input"],
  ["ip.src in $.a", '1:12 invalid list name ".a"'],
  ["port in {1 ..2}", "1:12 expected digit"],
  ['http.host in {"a" "b"', "1:22 unrecognised input"],
  ["port eq http.host", "1:9 expected value of type Int, but got Bytes"],
  ["http.host eq http.request.headers.names[*]", "1:14 expected value of type Bytes, but got Array<Bytes>"],
  ["concat(http.host, 1) eq 1", "1:19 invalid type of argument #1: expected value of type Bytes, but got Int"],
  ['len(http.host, "a") eq 1', "1:16 invalid number of arguments"],
  ["concat(http.host, http.request.headers.names[*]) eq 1", "1:19 invalid use of map each access operator"],
  ['http.request.headers["\\xff"] eq 1', '1:22 expected literal "expected utf8 string"'],
  ["http.request.headers.names[-1] eq 1", '1:28 expected literal "expected positive integer as index"'],
  ["mapOfInt[*] & 1 and", "1:20 expected identifier character"],
])("R6: of %j the engine says %s", (text, expected) => {
  expect(told(text)).toBe(expected);
});

test.each([
  ["cidr(ip.src, 0x18, 24) eq 1.1.1.0", "1:14 unknown identifier"],
  ["all((mapOfBool))", "1:5 expected value of type Array<Bool>, but got Map<Bool>"],
  ["mapOfBool", "1:10 expected value of type Bool, but got Map<Bool>"],
  ["http.host le dE.dexor ssl", "accepted"],
  ["ip.src ne ffff::ffffor ssl", "accepted"],
  ["http.host eq 61:62andssl", "accepted"],
  ['http.host eq "\\x+8"', "accepted"],
  ["http.host eq +8:61", "accepted"],
  ["len(http.host) eq cf.edge.server_port", "accepted"],
])("R5: %j is %s", (text, expected) => {
  expect(told(text)).toBe(expected);
});

test("R5: literals that end where an operator begins, and a byte with a plus sign, have their values", () => {
  const matches = (text: string, given: Readonly<Record<string, unknown>>): boolean => {
    const compiled = compile(text, { schema });
    return compiled.ok && compiled.matches(fieldsOf(schema, given));
  };
  expect(matches("http.host eq dE.dexor ssl", { "http.host": "\xde\xde", ssl: false })).toBe(true);
  expect(matches("ip.src eq ffff::ffffor ssl", { "ip.src": "ffff::ffff", ssl: false })).toBe(true);
  expect(matches('http.host eq "\\x+8"', { "http.host": "\x08" })).toBe(true);
});

test("R6: a value that is refused has the engine's error too", () => {
  const refused = (text: string) => {
    const compiled = compileValue(text, { schema });
    return compiled.ok ? "accepted" : compiled.diagnostics[0]?.engine;
  };
  expect(refused("lower(http.hots)")).toEqual({ message: "unknown identifier", at: 6 });
  expect(refused("http.host eq 1")).toEqual({ message: "unrecognised input", at: 9 });
});

const PIECES = [
  ...Object.keys(TYPES),
  ..."eq ne in contains matches wildcard & and or xor not ! ( ) [ ] [*] [0] { } , . ..".split(" "),
  ...[
    '["a"]',
    '"a"',
    '"\\x4"',
    'r"a"',
    '"',
    "61:62",
    "1.2.3.4",
    "::1",
    "10",
    "0x18",
    "08",
    "$a",
    "r",
    "é",
    "\t",
    "any(",
  ],
  ...["all(", "len(", "lower(", "concat(", "cidr(ip.src, 24, 24)", "has_key(", "xyz", "dE.de", "ffff::", "+", "-1"],
];

test("R6: the reader of the engine's errors refuses what the parser and the checker refuse, and nothing else", () => {
  const text = fc
    .array(fc.tuple(fc.constantFrom(...PIECES), fc.constantFrom(" ", " ", "", "\n")), { maxLength: 12 })
    .map((pieces) => pieces.flat().join(""));
  fc.assert(
    fc.property(text, (expression) => {
      const compiled = compile(expression, { schema });
      expect([expression, engineErrorOf(expression, schema, "condition") === undefined]).toEqual([
        expression,
        compiled.ok,
      ]);
    }),
    { numRuns: 5000 },
  );
});

test.each([
  "ab",
  "lower(ab)", // the argument is a name or the start of bytes; a failure while it is read as a name goes on as well
])("a failure of the schema while %j is read is thrown, not taken for a mistake in the expression", (value) => {
  const fields = new Map(schema.fields);
  fields.get = (name) => {
    if (name === "ab") throw new RangeError("the table is broken");
    return schema.fields.get(name);
  };
  expect(() => engineErrorOf(`${value} eq "a"`, { ...schema, fields }, "condition")).toThrow("the table is broken");
});
