import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { isReservedName, nameKeys, skeleton } from "../../../backend/text/look-alike.ts";
import { checkDisplayName } from "../../../backend/text/name.ts";
import { confusablesTable, TABLE } from "./confusables-table.ts";

test.each([
  ["a right-to-left override", "evil\u202exe.txt", "NAME_CONTROL"],
  ["a line break", "two\nlines", "NAME_CONTROL"],
  ["a zero-width space", "ad\u200bmin", "NAME_CONTROL"],
  ["a lone surrogate", "\udc00", "NAME_NOT_UNICODE"],
  ["nothing", "   ", "NAME_EMPTY"],
  ["joiners only", "\u200d\u200d", "NAME_EMPTY"],
  ["too much", "n".repeat(65), "NAME_LONG"],
])("a display name refuses %s", (_, name, code) => {
  expect(checkDisplayName(name)).toMatchObject({ ok: false, code });
});

test.each([
  ["a Hangul filler", "\u3164", "NAME_EMPTY"],
  ["a half-width Hangul filler", "\uffa0", "NAME_EMPTY"],
  ["a Hangul initial filler", "\u115f", "NAME_EMPTY"],
  ["a Braille blank", "\u2800", "NAME_EMPTY"],
  ["a null notehead", "\u{1d159}", "NAME_EMPTY"],
  ["a grapheme joiner between letters", "A\u034fda", "NAME_CONTROL"],
  ["a joiner between letters", "a\u200db", "NAME_CONTROL"],
  ["a non-joiner between Latin letters", "a\u200cb", "NAME_CONTROL"],
  ["a variation selector on a letter", "a\ufe0fda", "NAME_CONTROL"],
  ["tags without a flag", "Ada\u{e0061}\u{e007f}", "NAME_CONTROL"],
  ["a soft hyphen", "A\u00adda", "NAME_CONTROL"],
  ["a filler among letters", "Ada\u3164", "NAME_CONTROL"],
  ["a pile of marks", `a${"\u0301\u0302".repeat(3)}`, "NAME_CONTROL"],
  ["a Cyrillic letter among Latin ones", "\u0410da", "NAME_MIXED"],
  ["a Greek letter among Latin ones", "m\u03bfd", "NAME_MIXED"],
  ["a script that nobody writes today", "\u{13000}", "NAME_MIXED"],
  ["admin", "admin", "NAME_RESERVED"],
  ["System", "System", "NAME_RESERVED"],
  ["moderator in other letters", "\uff2doderator", "NAME_RESERVED"],
  ["admin with a digit for a letter", "Adm1n", "NAME_RESERVED"],
  ["admin in brackets with a number", "[ a d m i n ] 2", "NAME_RESERVED"],
  ["admin with a small l", "ADMlN", "NAME_RESERVED"],
  ["admin in circles", "\u24d0\u24d3\u24dc\u24d8\u24dd", "NAME_RESERVED"],
  ["admin in small capitals", "\u1d00\u1d05\u1d0d\u026a\u0274", "NAME_RESERVED"],
  ["support in small capitals", "\ua731\u1d1c\u1d18\u1d18\u1d0f\u0280\u1d1b", "NAME_RESERVED"],
  ["admin in dark circles", "\u{1f150}\u{1f153}\u{1f15c}\u{1f158}\u{1f15d}", "NAME_RESERVED"],
  ["admin with a boxed letter", "\u{1f170}dmin", "NAME_RESERVED"],
  ["admin with a sign for a letter", "@dmin", "NAME_RESERVED"],
  ["moderator with digits for letters", "M0d3r4tor", "NAME_RESERVED"],
  ["admin in Cyrillic letters alone", "\u0430\u0501\u043c\u0456\u043f", "NAME_RESERVED"],
  ["system in Cyrillic letters alone", "\u0405\u0443\u0455\u0442\u0435\u043c", "NAME_RESERVED"],
  ["admin as one of the words", "Admin Team", "NAME_RESERVED"],
  ["system as one of the words", "Ada (System)", "NAME_RESERVED"],
  ["admin with signs as one of the words", "The @dm1n", "NAME_RESERVED"],
  ["admin with a hyphen behind it", "admin-7", "NAME_RESERVED"],
  ["admin in letters apart as one of the words", "A d m i n Team", "NAME_RESERVED"],
  ["a Cyrillic admin as one of the words", "Ada \u0430\u0501\u043c\u0456\u043f", "NAME_RESERVED"],
  ["the name of removed accounts", "Somebody who left", "NAME_RESERVED"],
])("S11: a display name refuses %s", (_, name, code) => {
  expect(checkDisplayName(name)).toEqual({ ok: false, code });
});

test.each([
  "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
  "\u0915\u094d\u200d\u0937",
  "\u{1f469}\u200d\u{1f4bb} Ada",
  "Ada \u2764\ufe0f 1\ufe0f\u20e3",
  "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
  "\u0418\u0432\u0430\u043d Smith",
  "\u7530\u4e2d\u3055\u3093Tom",
  "\uae40\ucca0\uc218",
  "\u0395\u03bb\u03ad\u03bd\u03b7",
  "J. R. O'Neil-Ba\u00f1ez 3",
  "Administration fan",
  "Badminton Ada",
  "Sam Odom",
  "J. M. Oden",
  "\u041c\u0430\u0442\u0435\u043c",
])("S11: %s is a display name as it is", (name) => {
  expect(checkDisplayName(`  ${name} `)).toEqual({ ok: true, value: name });
});

test.each([
  ["Ada", "\uff21da"],
  ["Ian", "lan"],
  ["ADA", "ada"],
  ["scope", "\u0455\u0441\u043e\u0440\u0435"],
  ["rnary", "mary"],
  ["O2", "02"],
  ["caf\u00e9", "cafe\u0301"],
])("S11: %s and %s look alike", (one, other) => {
  expect(nameKeys(one).some((key) => nameKeys(other).includes(key))).toBe(true);
});

test.each([
  ["Ian", "Lan"],
  ["Ada", "Adam"],
  ["Person 1", "Person 11"],
  ["caf\u00e9", "cafe"],
])("S11: %s and %s do not look alike", (one, other) => {
  expect(nameKeys(one).filter((key) => nameKeys(other).includes(key))).toEqual([]);
});

test("S11: a word that begins like a reserved name is none", () => {
  expect(isReservedName("administrative")).toBe(false);
});

test("the table is what Unicode's data makes, and a skeleton is its own skeleton", () => {
  expect(JSON.parse(readFileSync(TABLE, "utf8"))).toEqual(confusablesTable());
  for (const look of Object.keys(confusablesTable()))
    expect([look, skeleton(skeleton(look))]).toEqual([look, skeleton(look)]);
});
