import { describe, expect, test } from "@jest/globals";
import { VisitBudget } from "../../../../infra/rules/regex/budget.ts";
import { longestSafeInput } from "../../../../infra/rules/regex/cost.ts";
import { compileRegex, PatternTooCostly } from "../../../../infra/rules/regex/index.ts";
import { javascriptSource } from "../../../../infra/rules/regex/javascript.ts";
import { LazyAutomaton } from "../../../../infra/rules/regex/lazy-automaton.ts";
import { anchoredAtStart } from "../../../../infra/rules/regex/node.ts";
import { parsePattern } from "../../../../infra/rules/regex/parser.ts";
import { has, rangeSet } from "../../../../infra/rules/regex/range-set.ts";
import corpus from "./corpus/patterns.json" with { type: "json" };

interface Recorded {
  readonly pattern: string;
  readonly error?: string;
  readonly matches?: readonly string[];
  readonly not?: readonly string[];
}

const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const patterns: readonly Recorded[] = corpus.patterns;
const compiled = (pattern: string, matcher: "fastest" | "automaton" = "fastest") => {
  const regex = compileRegex(bytes(pattern), { matcher });
  if (!regex.ok) throw new Error(`${pattern}: ${regex.message}`);
  return regex;
};

test("refuses what wirefilter refuses, in its words", () => {
  const refused = patterns.filter((one) => one.error !== undefined);
  expect(refused.length).toBeGreaterThan(100);
  expect(refused.map(({ pattern }) => ({ pattern, ...compileRegex(bytes(pattern)) }))).toEqual(
    refused.map(({ pattern, error }) => ({ pattern, ok: false, message: error, at: expect.any(Number) })),
  );
});

test("matches what wirefilter matches, with every matcher", () => {
  const accepted = patterns.filter((one) => one.error === undefined);
  expect(accepted.length).toBeGreaterThan(300);
  for (const { pattern, matches = [], not = [] } of accepted) {
    const regex = compiled(pattern);
    const automaton = compiled(pattern, "automaton");
    for (const input of [...matches, ...not]) {
      const verdicts = [regex.test(bytes(input)), automaton.test(bytes(input)), regex.find(bytes(input)) !== undefined];
      expect({ pattern, input, verdicts }).toEqual({
        pattern,
        input,
        verdicts: Array(3).fill(matches.includes(input)),
      });
    }
  }
});

describe("no pattern and input can hang it", () => {
  const long = 100_000;
  test.each([
    ["^(a+)+$", `${"a".repeat(long)}!`],
    ["(a*)*b", "a".repeat(long)],
    ["(x+x+)+y", "x".repeat(long)],
    ["(a|a|aa)*c", "a".repeat(long)],
    ["\\d+\\.com", "1".repeat(long)],
    ["a.*b.*c.*d.*e", "abcd".repeat(long / 4)],
    ["(a?){300}a{300}$", "a".repeat(299)],
    ["^(\\w+\\s?)*$", `${"word ".repeat(long / 5)}!`],
    ["a.{0,60000}x$", "a".repeat(long)],
    ["a.{60000}x", "a".repeat(long)],
    ["a(.|\\s)*?b.{0,50}c$", "a b".repeat(long / 4)],
    // An alternative that may begin with anything must not pass for one that begins with nothing.
    ["^x*(?:(?:x*|y)b|c)", "x".repeat(long)],
    ["^x*(?:(?:x*|y)(?:(?:x*|y)b|c)|c)", "x".repeat(long)],
  ])("%s", (pattern, input) => {
    expect(compiled(pattern).test(input)).toBe(false);
  });

  // More steps than one test may take: the result is neither guessed nor waited for.
  test("(?:a|b|ab){15000}c is given up", () => {
    const regex = compiled("(?:a|b|ab){15000}c");
    const input = "ab".repeat(40_000);
    expect(regex.mayBeTooCostly(input.length)).toBe(true);
    expect(() => regex.test(input)).toThrow(PatternTooCostly);
    // and goes on with inputs that it can decide
    expect(regex.test("ab".repeat(10))).toBe(false);
    expect(() => regex.find(input)).toThrow("make its repetitions smaller");
  });

  test("large states are stepped through, and right", () => {
    const regex = compiled("^(?:ab){1000,}c$");
    expect([1000, 1200, 999].map((count) => regex.test(`${"ab".repeat(count)}c`))).toEqual([true, true, false]);
    const anywhere = compiled("(?:ab){1000}c");
    expect([1000, 1200, 999].map((count) => anywhere.test(`${"ab".repeat(count)}c`))).toEqual([true, true, false]);
    expect(compiled("^a+$").mayBeTooCostly(16_384)).toBe(false);
  });

  test("a pattern whose deterministic automaton would have a million states", () => {
    let state = 1;
    const coin = () => {
      state = (state * 1_664_525 + 1_013_904_223) >>> 0;
      return state >= 0x80000000 ? "a" : "b";
    };
    expect(compiled("[ab]*a[ab]{100}c").test(Array.from({ length: 20_000 }, coin).join(""))).toBe(false);
  });

  test("states that are used again and again are kept until there are too many, and then made anew", () => {
    let state = 7;
    const coin = () => {
      state = (state * 1_664_525 + 1_013_904_223) >>> 0;
      return state >= 0x80000000 ? "a" : "b";
    };
    const chunks = Array.from({ length: 15 }, () => Array.from({ length: 2_000 }, coin).join("").repeat(20));
    const regex = compiled("[ab]*a[ab]{16}c", "automaton");
    const input = chunks.join("");
    expect([regex.test(input), regex.test(`${input}a${"b".repeat(16)}c`)]).toEqual([false, true]);
    expect(regex.test(`${input}${"b".repeat(17)}c`)).toBe(false);
  });

  test("a pattern that would take gigabytes is refused without being built", () => {
    expect(compileRegex("((a{1000}){1000}){1000}")).toEqual({
      ok: false,
      message: "Compiled regex exceeds size limit of 10485760 bytes.",
      at: 0,
    });
  });
});

test("matches bytes, not characters", () => {
  expect(compiled("^.$").test("\xff")).toBe(true);
  expect(compiled("^.$").test(bytes("é"))).toBe(false);
  expect(compiled("(?u)^.$").test(bytes("é"))).toBe(true);
  expect(compiled("(?u)^.$").test("\xff")).toBe(false);
  expect(compiled("^\\xe9$").test("\xe9")).toBe(true);
  expect(compiled("^\\u00e9$").test("\xc3\xa9")).toBe(true);
});

test("with (?u) a character is what UTF-8 calls one: nothing overlong, no surrogate, nothing over U+10FFFF", () => {
  const one = compiled("(?u)^.$", "automaton");
  const backwards = compiled("(?u)(?:\\b|\\B)$", "automaton");
  for (const character of ["\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"]) {
    expect(one.test(bytes(character))).toBe(true);
    expect(backwards.test(`!${bytes(character)}`)).toBe(true);
  }
  for (const wrong of [
    "\xc1\xbf",
    "\xe0\x9f\xbf",
    "\xed\xa0\x80",
    "\xf0\x8f\xbf\xbf",
    "\xf4\x90\x80\x80",
    "\xf5",
    "\xe2\x82",
  ]) {
    expect(one.test(wrong)).toBe(false);
    expect(backwards.test(`!${wrong}`)).toBe(false);
  }
});

test("beside bytes that are no UTF-8 there is no Unicode word, and \\B fails as well", () => {
  for (const matcher of ["fastest", "automaton"] as const) {
    expect(compiled("(?u)!\\B", matcher).test("!\xff")).toBe(false);
    expect(compiled("!\\B", matcher).test("!\xff")).toBe(true);
    expect(compiled("(?u)a\\b", matcher).test("a\xff")).toBe(true);
    expect(compiled("(?u)é\\b", matcher).test(bytes("é!"))).toBe(true);
    expect(compiled("(?u)\\B!", matcher).test("\xff!")).toBe(false);
  }
});

test.each([
  "Greek",
  "Grek",
  "sc=Greek",
  "script=grek",
  "Script=GREEK",
  "scx=Greek",
  "Script_Extensions=Grek",
  "is_greek",
])("\\p{%s} is the Greek script", (name) => {
  const regex = compiled(`(?u)^\\p{${name}}$`);
  expect([regex.test(bytes("α")), regex.test("a")]).toEqual([true, false]);
  expect(compiled(`(?u)^\\P{${name}}$`).test("a")).toBe(true);
});

test.each(["gc=Lu", "General_Category=uppercase letter", "Lu", "Uppercase-Letter"])("\\p{%s} is upper case", (name) => {
  const regex = compiled(`(?u)^\\p{${name}}$`);
  expect([regex.test("A"), regex.test("a"), regex.test("1")]).toEqual([true, false, false]);
});

test.each(["gc=Greek", "sc=Nobody", "sc=Xxxx", "age=3.0", "Qqqq", "toString"])("\\p{%s} is nothing", (name) => {
  expect(compileRegex(`(?u)\\p{${name}}`)).toMatchObject({ ok: false });
});

test("a property can be denied in its name", () => {
  expect(compiled("(?u)^\\p{sc!=Greek}$").test(bytes("α"))).toBe(false);
  expect(compiled("(?u)^\\P{sc!=Greek}$").test(bytes("α"))).toBe(true);
});

test("what a backtracking matcher may be trusted with does not depend on captures", () => {
  const safe = (pattern: string) => longestSafeInput(parsePattern(pattern).node);
  expect(safe("^[a-z]*(b|c)d")).toBe(safe("^[a-z]*(?:b|c)d"));
  expect(safe("^(?:x)*(y)")).toBeGreaterThan(0);
  expect(safe("^x*(y)z")).toBe(safe("^x*yz"));
  expect(safe("^x*(?:(?:x*|y)b|c)")).toBeLessThan(5_000);
  expect(safe("(a+)+")).toBe(0);
  expect(javascriptSource(parsePattern("(a)b|c").node)).toBe(javascriptSource(parsePattern("(?:a)b|c").node));
});

test("says where in the pattern it is wrong, in bytes", () => {
  expect(compileRegex(bytes("éa(b"))).toEqual({ ok: false, message: "unclosed group", at: 3 });
  expect(compileRegex(bytes("a[éb]"))).toMatchObject({ message: "Unicode not allowed here", at: 2 });
  expect(compileRegex("\xff")).toMatchObject({ message: "the pattern is not valid UTF-8", at: 0 });
});

test("finds the leftmost match that a backtracking matcher would prefer, with its groups", () => {
  expect(compiled("(a|ab)(c|bcd)(d*)").find("xabcd")).toEqual([
    [1, 5],
    [1, 2],
    [2, 5],
    [5, 5],
  ]);
  expect(compiled("(a)|(b)").find("b")).toEqual([[0, 1], undefined, [0, 1]]);
  expect(compiled("a+?").find("aaa")).toEqual([[0, 1]]);
  expect(compiled("a").find("b")).toBeUndefined();
});

test("optional copies of a repetition inside another are told apart", () => {
  for (const pattern of ["b(?:(?:a?|\\s)*){0,2}a", "b((?im-s:a?|\\s)*|){0,2}?a", "b(?:(?:a?|c?){0,3}){0,2}a"]) {
    const verdicts = ["b a", "bca", "ba", "b"].map((input) => compiled(pattern, "automaton").test(input));
    expect(verdicts).toEqual(["b a", "bca", "ba", "b"].map((input) => compiled(pattern).find(input) !== undefined));
    expect(verdicts.slice(2)).toEqual([true, false]);
  }
});

test("the automaton matches through groups as well", () => {
  const automaton = new LazyAutomaton(parsePattern("x(a|(b))+y").node, new VisitBudget("x(a|(b))+y"));
  expect(["xaby", "xy", "xbb"].map((input) => automaton.test(input))).toEqual([true, false, false]);
});

test("a pattern in a group is as anchored as without", () => {
  const anchored = (pattern: string) => anchoredAtStart(parsePattern(pattern).node);
  expect(["(^a)", "(^a|^b)", "(?:^a)+", "\\b^a"].map(anchored)).toEqual([true, true, true, true]);
  expect(["(a)", "(^a|b)", "(?:^a)*", "a^", ""].map(anchored)).toEqual([false, false, false, false, false]);
});

test("a set of ranges has what lies within one of them", () => {
  const set = rangeSet([
    [5, 6],
    [1, 2],
  ]);
  expect([0, 1, 2, 3, 5, 6, 7].map((value) => has(set, value))).toEqual([false, true, true, false, true, true, false]);
});

const group = (number: number): string => `\${${number}}`;

test("replaces the first match only", () => {
  const regex = compiled("/(\\w+)/(\\d+)");
  expect(regex.replaceFirst("/shop/42/7", `/${group(2)}/${group(1)}`)).toBe("/42/shop/7");
  expect(regex.replaceFirst("/shop/42", `$$${group(1)}$1${group(9)}`)).toBe("$shop$1");
  expect(regex.replaceFirst("/none", "x")).toBe("/none");
});
