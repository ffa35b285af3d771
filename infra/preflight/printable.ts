/**
 * Text that a terminal shows and does not obey. A person with rights in the account, or with the token of a tunnel,
 * chooses comments, descriptions and versions: control and format characters in them become `?`.
 */
export const printable = (text: string): string => text.replaceAll(UNPRINTABLE, "?");

/** The same as JSON in one line, where such characters are escaped: it reads back as the value, also as YAML. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(UNPRINTABLE, (character) =>
    Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
      .join(""),
  );

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
