import { readFileSync } from "node:fs";

/*
 * Names that look alike: the skeletons of UTS #39 (Unicode Security Mechanisms, section 4). `confusables.json` holds what each
 * character of Unicode's confusables.txt looks like, as far as compatibility decomposition (UAX #15) does not say it already;
 * test/backend/domain/confusables-table.ts makes the file.
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

/** Whether a name reads like a reserved one, with whatever digits, marks or punctuation in or around it. */
export function isReservedName(name: string): boolean {
  return [name, name.replace(/\p{N}/gu, "")].some((one) => reserved.has(letters(one)));
}
