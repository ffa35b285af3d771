import { readFileSync } from "node:fs";

/*
 * Names that look alike: the skeletons of UTS #39 (Unicode Security Mechanisms, section 4). `confusables.json` holds
 * what each character of Unicode's confusables.txt looks like, as far as compatibility decomposition (UAX #15) does
 * not say it already; test/backend/domain/confusables-table.ts makes the file.
 */

const table = new Map(
  Object.entries(JSON.parse(readFileSync(new URL("confusables.json", import.meta.url), "utf8")) as object).flatMap(
    ([looksLike, characters]) => [...String(characters)].map((character) => [character, looksLike] as const),
  ),
);

/** Leaves no mark on the screen (Unicode: Default_Ignorable_Code_Point). */
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;

/** What a text looks like: two texts with one skeleton can be taken for each other. It is compared, never shown. */
export function skeleton(text: string): string {
  const plain = text.normalize("NFKD").replace(IGNORABLE, "");
  return [...plain]
    .map((character) => table.get(character) ?? character)
    .join("")
    .normalize("NFD");
}

/** What a name must not share with another one: how it looks as it is written, and how it looks in small letters. */
export function nameKeys(name: string): readonly string[] {
  return [`written ${skeleton(name)}`, `small ${skeleton(name.normalize("NFKC").toLowerCase())}`];
}

/** Names that the site itself, or the people who run it, might have; and words that address everybody. */
const RESERVED = [
  ...["admin", "admins", "administrator", "administrators", "moderator", "moderators", "mod", "mods", "operator"],
  ...["system", "support", "staff", "official", "security", "helpdesk", "everyone", "everybody", "somebody who left"],
  ...["anonymous", "abuse", "postmaster", "webmaster", "hostmaster", "causeway"],
];

/** Letters alone, in small form; `i`, `l` and `1` are one, since a capital `i` is. */
function letters(text: string): string {
  return skeleton(text.toLowerCase()).toLowerCase().replace(/\P{L}/gu, "").replaceAll("i", "l");
}

const reserved = new Set(RESERVED.map(letters));

/** Small capitals, and the plain letter of each: Unicode's data does not call them confusable. */
const SMALL_CAPITALS =
  "\u1d00\u0299\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d18\u0280\ua731\u1d1b\u1d1c\u028f";
const THEIR_LETTERS = "abdefghijklmnprstuy";
/** The letter A of alphabets in circles and boxes that compatibility decomposition leaves as they are. */
const BOXED = [0x1f150, 0x1f170, 0x1f1e6];
/** Digits and signs that are written for letters. */
const SIGNS: Readonly<Record<string, string>> = { "@": "a", "4": "a", "3": "e", $: "s", "5": "s", "7": "t" };

/** The plain letter that a character is drawn as, or stands for, in names made to be taken for others. */
function plainLetter(character: string): string {
  const at = SMALL_CAPITALS.indexOf(character);
  const point = character.codePointAt(0) ?? 0;
  const first = BOXED.find((one) => point >= one && point < one + 26);
  if (first !== undefined) return String.fromCharCode(0x61 + point - first);
  return (at < 0 ? SIGNS[character] : THEIR_LETTERS[at]) ?? character;
}

/** Whether a name reads like a reserved one, with whatever digits, marks or punctuation in or around it. */
export function isReservedName(name: string): boolean {
  const plain = [...name].map(plainLetter).join("");
  return [name, name.replace(/\p{N}/gu, ""), plain].some((one) => reserved.has(letters(one)));
}
