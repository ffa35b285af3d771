import { expect, test } from "@jest/globals";
import { indexTerms, parseQuery } from "../../../backend/chat/search-words.ts";

const matches = (query: string, text: string) => parseQuery(query)?.matches(text);

test.each([
  ["boat", "Two boats at sea", true],
  ["BOAT sea", "Two boats at sea", true],
  ["boat land", "Two boats at sea", false],
  ["oats", "Two boats at sea", false],
  ["cafe", "Le Café", true],
  ["café", "a CAFE", true],
  ["STRASSE", "die Straße", true],
  ["ΟΔΟΣ", "στην οδος", true],
  ["ёлка", "елка", true],
  ["5", "room 5", true],
  ["5", "room 55", false],
  ["55", "room 551", false],
  ["551", "room 5512", true],
  ["x", "x-ray", true],
  ["at", "at sea", true],
  ["at", "an attic", false],
  ["att", "an attic", true],
  ["тоннель", "Тоннель открыт", true],
  ["नमस्ते", "नमस्ते दुनिया", true],
  ["터널", "터널이 열렸다", true],
  ["隧道", "新的隧道开通了", true],
  ["道隧", "新的隧道开通了", false],
  ["道", "新的隧道开通了", true],
  ["トンネル", "海底トンネルを通る", true],
  ["สวัสดี", "ขอสวัสดีทุกคน", true],
  ["ｔｕｎｎｅｌ", "Tunnel", true],
  ["𐐔𐐯𐑅", "𐐼𐐯𐑅𐐨𐑉𐐻", true],
  ["example.org", "see https://example.org/a", true],
  ["don't", "don’t", true],
])("%j in %j: %j", (query, text, found) => {
  expect(matches(query, text)).toBe(found);
});

test.each(["", " ", "!?", '"', "* - + ( ) ^ : NEAR()".replace("NEAR", ""), "\u202e", "🙂"])(
  "%j has no words",
  (query) => {
    expect(parseQuery(query)).toBeUndefined();
  },
);

test("of a long run of marks, which takes long to sort, the first ones count", () => {
  const marks = "\u0e49";
  expect(matches(`ก${marks.repeat(60)}`, `ก${marks.repeat(40)}`)).toBe(true);
  expect(matches(`ก${marks.repeat(20)}`, `ก${marks.repeat(10)}`)).toBe(false);
  // U+FF9E becomes a mark that is sorted before the others
  expect(matches("a", `a${"\u0300".repeat(2000)}${"\uff9e".repeat(1999)}`)).toBe(true);
});

test("a query has at most so many terms for the index, and all of its words count", () => {
  const words = Array.from({ length: 50 }, (_, index) => `word${index}`);
  const query = parseQuery(words.join(" "));
  expect(query?.terms.length).toBeLessThanOrEqual(16);
  expect(query?.matches(words.join(" "))).toBe(true);
  expect(query?.matches(words.slice(1).join(" "))).toBe(false);
  expect(parseQuery("漢".repeat(50))?.terms).toEqual(["漢漢"]);
});

const PIECES = [
  ...["boat", "boats", "Café", "a", "5", "55", "Straße", "ΟΔΟΣ", "œuvre", "İstanbul", "ﷺ", "ﬁn", "ё"],
  ...["隧道", "道", "開", "ト", "ー", "がガ", "สวัส", "ดี", "နေ", "नमस्", "터널", "ᄐ", "𐐔", "𐐯", "𠮷", "々", "〆", "ㇰ"],
  ...["\u0301", "\u3099", "\u200d", "\ud83d", "🙂", "①", "½", "٣", "Ⅳ", "ⓐ", "_", "-", "'", '"', "*", "(", ":", "^"],
  ...[" ", "  ", "\n", "\t", "AND", "OR", "NOT", "NEAR", "&", "|", "!", "<->", "\\", "%", "\u0000", "#12"],
];

test("whatever texts and queries are made of: a text that matches has the query's terms, and terms are plain", () => {
  let seed = 13;
  const next = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const some = (most: number) =>
    Array.from({ length: 1 + next(most) }, () => PIECES[next(PIECES.length)] + (next(3) === 0 ? " " : "")).join("");
  let found = 0;
  for (let round = 0; round < 10_000; round += 1) {
    const text = some(12);
    const query = parseQuery(next(2) === 0 ? some(4) : text.slice(next(text.length)));
    const terms = new Set(indexTerms(text));
    for (const term of terms) {
      expect(term).toMatch(/^[\p{L}\p{M}\p{N}]{1,6}$/u);
      expect(term).not.toMatch(/[\p{ASCII}--[a-z0-9]]/v);
    }
    if (!query) continue;
    expect(query.terms.length).toBeGreaterThan(0);
    for (const term of query.terms) expect(term).toMatch(/^[\p{L}\p{M}\p{N}]{1,6}$/u);
    if (!query.matches(text)) continue;
    found += 1;
    expect(query.terms.filter((term) => !terms.has(term))).toEqual([]);
  }
  expect(found).toBeGreaterThan(500);
});
