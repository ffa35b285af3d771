import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { checkDisplayName } from "../../../backend/text/name.ts";
import { checkMessageText, MAX_MESSAGE_LENGTH } from "../../../backend/text/text.ts";
import { character } from "../../character.ts";

const hostile = fc.string({ unit: character, maxLength: 100 });

test("text is kept as it is written, in NFC and with LF line ends", () => {
  expect(checkMessageText(" <b>Grüße</b>\r\n\t\u{1f44b}\r ")).toEqual({ ok: true, value: "<b>Grüße</b>\n\t\u{1f44b}" });
});

test.each([
  ["NUL", "a\u0000b", "TEXT_CONTROL"],
  ["escape", "\u001b[2J", "TEXT_CONTROL"],
  ["C1", "a\u0085b", "TEXT_CONTROL"],
  ["a lone surrogate", "a\ud800b", "TEXT_NOT_UNICODE"],
  ["31 marks in a row", `a${"\u0301".repeat(31)}`, "TEXT_MARKS"],
  ["marks that stay one by one", `a${"\u0315".repeat(1999)}${"\u0300".repeat(2000)}`, "TEXT_MARKS"],
  ["blanks only", " \n\t ", "TEXT_EMPTY"],
  ["invisible only", "\u200b\u2060", "TEXT_EMPTY"],
  ["too long", "a".repeat(MAX_MESSAGE_LENGTH + 1), "TEXT_LONG"],
  // NFC may make a text longer: U+FB2C becomes three characters
  ["too long once normalised", "\ufb2c".repeat(MAX_MESSAGE_LENGTH / 2), "TEXT_LONG"],
])("message text refuses %s", (_, text, code) => {
  expect(checkMessageText(text)).toMatchObject({ ok: false, code });
});

test("what has been accepted once is accepted again and stays as it is", () => {
  fc.assert(
    fc.property(hostile, (input) => {
      for (const rule of [checkMessageText, checkDisplayName]) {
        const once = rule(input);
        if (once.ok) expect(rule(once.value)).toEqual(once);
      }
    }),
  );
});
