import fc from "fast-check";

const SURROGATES = 0xd800;
const AFTER_SURROGATES = 0xe000;

/**
 * Any character that a text can hold, as `unit` of fast-check's strings, which keep their dangerous words with it. Its
 * own unit "binary" is the same, but lists all of Unicode before the first case: some seconds in each file.
 */
export const character: fc.Arbitrary<string> = fc.nat(0x10ffff - (AFTER_SURROGATES - SURROGATES)).map(
  (at) => String.fromCodePoint(at < SURROGATES ? at : at + AFTER_SURROGATES - SURROGATES),
  (text) => {
    const code = typeof text === "string" ? text.codePointAt(0) : undefined;
    if (code === undefined || String.fromCodePoint(code) !== text) throw new Error("not one character");
    return code < SURROGATES ? code : code - (AFTER_SURROGATES - SURROGATES);
  },
);
