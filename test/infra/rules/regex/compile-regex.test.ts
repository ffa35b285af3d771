import { describe, expect, test } from "@jest/globals";
import { compileRegex } from "../../../../infra/rules/regex/index.ts";
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
  ])("%s", (pattern, input) => {
    expect(compiled(pattern).test(input)).toBe(false);
  });

  test("a pattern whose deterministic automaton would have a million states", () => {
    let state = 1;
    const coin = () => {
      state = (state * 1_664_525 + 1_013_904_223) >>> 0;
      return state >= 0x80000000 ? "a" : "b";
    };
    expect(compiled("[ab]*a[ab]{100}c").test(Array.from({ length: 20_000 }, coin).join(""))).toBe(false);
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

const group = (number: number): string => `\${${number}}`;

test("replaces the first match only", () => {
  const regex = compiled("/(\\w+)/(\\d+)");
  expect(regex.replaceFirst("/shop/42/7", `/${group(2)}/${group(1)}`)).toBe("/42/shop/7");
  expect(regex.replaceFirst("/shop/42", `$$${group(1)}$1${group(9)}`)).toBe("$shop$1");
  expect(regex.replaceFirst("/none", "x")).toBe("/none");
});
