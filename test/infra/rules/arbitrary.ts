/** Random trees of the whole grammar, and text that is nearly an expression. */
import fc from "fast-check";
import { character } from "../../character.ts";

const name = fc.constantFrom("http.host", "http.request.uri.path", "http.user_agent");
const map = fc.constantFrom("http.request.headers", "http.request.uri.args");
const array = fc.constantFrom("http.request.headers.names", "http.request.uri.args.values");
const integer = fc.constantFrom("http.request.timestamp.sec", "cf.threat_score", "http.request.body.size");

const bytes = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: character, maxLength: 4 }),
  fc.constantFrom('a"b', "a\\b", 'x"#y', "é", "", "Chrome/1", "x-foo"),
);

const quoted = bytes.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`);
const raw = bytes.map((text) => `r##"${text.replaceAll('"##', "")}"##`).filter((text) => !/"##./s.test(text.slice(4)));
const octets = fc
  .array(fc.constantFrom("00", "ff", "61", "7A"), { minLength: 2, maxLength: 4 })
  .map((pairs) => pairs.join(":"));
const text = fc.oneof(quoted, raw, octets);
const number = fc.oneof(
  fc.integer().map(String),
  fc.nat(1000).map((value) => `0x${value.toString(16)}`),
  fc.nat(1000).map((value) => `0${value.toString(8)}`),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
);
const ip4 = fc.ipV4();
const ip6 = fc.ipV6();

const string = fc.oneof(
  name,
  name.map((field) => `lower(${field})`),
  map.chain((field) => fc.constantFrom(`${field}["x"][0]`, `${field}["host"][1]`)),
  array.map((field) => `${field}[0]`),
  fc.tuple(name, quoted).map(([field, part]) => `concat(${field}, ${part})`),
  name.map((field) => `substring(${field}, 1, -1)`),
);
const mapped = fc.oneof(
  array.map((field) => `${field}[*]`),
  map.map((field) => `${field}["x"][*]`),
  map.map((field) => `${field}[*][*]`),
  array.map((field) => `lower(${field}[*])[*]`),
);
const ordering = fc.constantFrom("eq", "==", "ne", "!=", "lt", "<", "le", "<=", "gt", ">", "ge", ">=");
const wildcard = fc.constantFrom('"/a*"', '"*"', 'r"a\\*b*"', '"Ex*.com"');
const pattern = fc.constantFrom('"^/a"', '"[a-z]+"', 'r"\\d{2}"', '"["]"', '"a\\"b"', '"(?i)curl"');

/** What may follow a string on the left. */
const ofString = fc.oneof(
  fc.tuple(ordering, text).map(([operator, value]) => ` ${operator} ${value}`),
  fc.tuple(ordering, string).map(([operator, value]) => ` ${operator} ${value}`),
  fc.array(text, { maxLength: 6 }).map((items) => ` in {${items.join(" ")}}`),
  text.map((value) => ` contains ${value}`),
  pattern.map((value) => ` matches ${value}`),
  wildcard.map((value) => ` wildcard ${value}`),
  wildcard.map((value) => ` strict wildcard ${value}`),
);
const ofInteger = fc.oneof(
  fc.tuple(ordering, number).map(([operator, value]) => ` ${operator} ${value}`),
  fc.tuple(ordering, integer).map(([operator, value]) => ` ${operator} ${value}`),
  number.map((value) => ` & ${value}`),
  fc.array(number, { maxLength: 5 }).map((items) => ` in {${items.join(" ")}}`),
  fc.tuple(fc.nat(100), fc.nat(100)).map(([low, more]) => ` in {${low}..${low + more}}`),
);
const ofAddress = fc.oneof(
  fc.tuple(ordering, fc.oneof(ip4, ip6)).map(([operator, value]) => ` ${operator} ${value}`),
  fc.array(fc.oneof(ip4, ip6), { maxLength: 5 }).map((items) => ` in {${items.join(" ")}}`),
  fc.constantFrom(" in {10.0.0.0/8 2001:db8::/32}", " in {203.0.113.0..203.0.113.255}", " eq cidr(ip.src, 24, 64)"),
);
const each = fc
  .tuple(
    mapped,
    ofString.filter((tail) => !tail.includes("[*]")),
  )
  .map(([left, right]) => left + right);

const leaf = fc.oneof(
  fc.tuple(string, ofString).map(([left, right]) => left + right),
  fc.tuple(integer, ofInteger).map(([left, right]) => left + right),
  ofAddress.map((right) => `ip.src${right}`),
  fc.constantFrom("ssl", "true", "http.request.headers.truncated"),
  fc
    .tuple(
      string.filter((value) => !value.startsWith("concat")),
      quoted,
    )
    .map(([value, part]) => `starts_with(${value}, ${part})`),
  fc.tuple(fc.constantFrom("any", "all"), each).map(([quantifier, inner]) => `${quantifier}(${inner})`),
  fc
    .tuple(fc.constantFrom("any", "all"), each, each, fc.constantFrom("and", "or", "xor"))
    .map(([quantifier, left, right, operator]) => `${quantifier}((${left} ${operator} not ${right}))`),
);

/** Expressions that are right. */
export const expression: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc
      .tuple(tie("node"), fc.constantFrom(" and ", " or ", " xor ", "&&", " || ", "^^ "), tie("node"))
      .map((parts) => parts.join("")),
    tie("node").map((inner) => `not ${inner}`),
    tie("node").map((inner) => `!( ${inner})`),
    tie("node").map((inner) => `(${inner})`),
  ),
})).node;

const fragments = fc.constantFrom(
  ...[
    "and",
    "or",
    "not",
    "any(",
    "all(",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "[*]",
    '"',
    'r#"',
    '"#',
    "\\",
    "$",
    "$x",
    ",",
    "..",
    "/",
    "-",
  ],
  ...[
    "http.host",
    "ip.src",
    "ssl",
    "cf.",
    "80",
    "0x",
    "08",
    "1.2.3.4/24",
    "::1",
    "61:62",
    "eq",
    "in",
    "matches",
    "~",
    "&",
    "\t",
    "é",
  ],
  ...[
    "lower(",
    "concat(",
    "strict wildcard",
    "contains",
    "true",
    " ",
    "\n",
    "\u{1f622}",
    "\ud800",
    "99999999999999999999",
  ],
);

/** Text that is nearly an expression: mutations of right ones, and heaps of fragments. */
export const nearly: fc.Arbitrary<string> = fc.oneof(
  fc.array(fragments, { maxLength: 25 }).map((parts) => parts.join("")),
  fc.array(fragments, { maxLength: 25 }).map((parts) => parts.join(" ")),
  fc.tuple(expression, fc.nat(), fc.nat(8), fragments).map(([right, at, length, put]) => {
    const from = at % (right.length + 1);
    return right.slice(0, from) + put + right.slice(from + length);
  }),
  fc.string({ unit: character, maxLength: 60 }),
);
