import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  compile,
  engineError,
  FieldNotGiven,
  MAX_DEPTH,
  parse,
  parseRequests,
  print,
  type RequestFacts,
  render,
  requestFields,
} from "../../../infra/rules/index.ts";
import { expression, nearly } from "./arbitrary.ts";

const facts: RequestFacts = {
  method: "GET",
  host: "Ex.com",
  uri: "/a?x=1&x=2",
  version: "HTTP/2",
  scheme: "https",
  headers: [
    ["Host", "Ex.com"],
    ["X", "curl/8"],
    ["x", "Chrome/1"],
    ["User-Agent", "curl/8"],
  ],
  ip: "203.0.113.9",
  at: 1_700_000_000_000,
  body: "abc",
};

/** A tree without its places. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (/span/i.test(key) ? [] : [[key, shape(inner)]])),
  );
}

test("a right expression compiles, and a parsed tree prints to an equal tree and the same meaning", () => {
  fc.assert(
    fc.property(expression, (text) => {
      const compiled = compile(text);
      if (!compiled.ok) throw new Error(compiled.diagnostics.map((one) => render(one, text)).join("\n"));
      const printed = print(compiled.tree);
      const again = compile(printed);
      if (!again.ok) throw new Error(`${printed}\n${again.diagnostics.map((one) => render(one, printed)).join("\n")}`);
      expect(shape(again.tree)).toEqual(shape(compiled.tree));
      expect(again.matches(requestFields(facts))).toBe(compiled.matches(requestFields(facts)));
      expect(print(again.tree)).toBe(printed);
    }),
    { numRuns: 400 },
  );
});

test("the three readings agree where nothing is undetermined", () => {
  fc.assert(
    fc.property(expression, (text) => {
      const compiled = compile(text);
      if (!compiled.ok) return;
      const { value, undetermined, why, parts } = compiled.read(requestFields(facts));
      expect(value).toBe(compiled.matches(requestFields(facts)));
      expect(undetermined).toEqual([]);
      expect(why).not.toBe("");
      expect(parts[0]?.value).toBe(value);
    }),
    { numRuns: 300 },
  );
});

test("where a field is missing, the slow reading is undetermined or agrees with every value the field could have", () => {
  const withScore = expression.chain((text) =>
    fc.constantFrom(
      `${text} and cf.waf.score lt 30`,
      `cf.waf.score gt 50 or (${text})`,
      `not cf.waf.score eq 1 xor (${text})`,
    ),
  );
  fc.assert(
    fc.property(withScore, fc.nat(99), (text, score) => {
      const compiled = compile(text);
      if (!compiled.ok) return;
      const { value, undetermined } = compiled.read(requestFields(facts));
      const known = compiled.matches(requestFields({ ...facts, given: { "cf.waf.score": score } }));
      if (value === undefined) {
        expect(undetermined).toEqual(["cf.waf.score"]);
        expect(() => compiled.matches(requestFields(facts))).toThrow(FieldNotGiven);
      } else expect(value).toBe(known);
    }),
    { numRuns: 200 },
  );
});

test("no text crashes the parser, the checker or the renderer, and every mistake lies within the text", () => {
  fc.assert(
    fc.property(nearly, (text) => {
      const compiled = compile(text);
      if (parse(text).ok === false && compiled.ok) return false;
      if (compiled.ok) return true;
      return (
        compiled.diagnostics.length > 0 &&
        compiled.diagnostics.every((diagnostic) => {
          const { start, end } = diagnostic.span;
          const inside =
            0 <= start && start <= end && end <= text.length && (diagnostic.engine?.at ?? 0) <= text.length;
          const rendered = render(diagnostic, text).includes(diagnostic.message);
          return inside && rendered && /^Filter parsing error \(\d+:\d+\):\n/.test(engineError(diagnostic, text));
        })
      );
    }),
    { numRuns: 1000 },
  );
});

test("no text crashes the request notations", () => {
  const words = fc.constantFrom(
    "GET ",
    "curl ",
    "/a",
    " from ",
    '"',
    "'",
    "\\",
    "-H ",
    "-d",
    "$'",
    "{",
    "}",
    '{"request":',
    "[",
    "\r\n",
    " HTTP/1.1\r\n",
    "Host: x",
    ":",
    " given ",
    "=",
    "http://",
    "é",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(words, { maxLength: 20 }).map((parts) => parts.join("")),
        fc.string({ maxLength: 40 }),
      ),
      (text) => {
        const parsed = parseRequests(text);
        if (parsed.ok) for (const request of parsed.requests) expect(request.uri).toMatch(/^\//);
        else expect(parsed.message).not.toBe("");
      },
    ),
    { numRuns: 1000 },
  );
});

test.each([
  ["parentheses", "(", "ssl", ")"],
  ["not", "not ", "ssl", ""],
  ["calls", "lower(", "http.host", ")"],
  ["quantifiers", "any(", "ssl", ")"],
])("%s nest 128 deep and no deeper, however deep the text", (_, open, inner, close) => {
  const nested = (depth: number) => parse(open.repeat(depth) + inner + close.repeat(depth));
  const codes = (depth: number) => {
    const parsed = nested(depth);
    return parsed.ok ? [] : parsed.diagnostics.map(({ code }) => code);
  };
  expect(codes(MAX_DEPTH)).not.toContain("nesting-limit");
  expect(codes(MAX_DEPTH + 1)).toContain("nesting-limit");
  expect(codes(100_000)).toContain("nesting-limit");
});

test("long flat expressions need no stack", () => {
  for (const operator of ["and", "or", "xor"]) {
    const text = Array.from({ length: 20_000 }, () => "ssl").join(` ${operator} `);
    const parsed = parse(text);
    expect(parsed.ok).toBe(true);
    const compiled = compile(text);
    expect(compiled.ok ? [] : compiled.diagnostics.map(({ code }) => code)).toEqual(["expression-too-long"]);
  }
});

// What took time with the square of its length would not end within the test's time.
test("text that repeats what takes longest to read is read in proportion to its length", () => {
  const pieces = [
    "(",
    '"',
    "{",
    "[",
    "a.",
    "0",
    "ssl ",
    ")",
    '"\\',
    "r#",
    "any(",
    "1:",
    "ip.src in {1.1.1.1",
    "]",
    "x(",
    "a or ",
  ];
  for (const piece of pieces) expect(compile(piece.repeat(20_000)).ok).toBe(false);
});

test("of many mistakes the first fifty are told", () => {
  const parsed = parse(`ip.src in {${", ".repeat(1000)}}`);
  expect(parsed.ok ? 0 : parsed.diagnostics.length).toBe(50);
  const compiled = compile(
    Array.from({ length: 1000 }, (_, at) => `nope${at} eq 1`)
      .join(" and ")
      .slice(0, 4000),
  );
  expect(compiled.ok ? 0 : compiled.diagnostics.length).toBe(50);
});
