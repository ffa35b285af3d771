/** Follows the steps of a section of the README in a copy of the project. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const LIST = "backend/features.ts";
const ARCHITECTURE = "ARCHITECTURE.md";

interface Block {
  readonly language: string;
  readonly code: string;
  /** The prose between the block before and this one. */
  readonly text: string;
}

interface Step {
  readonly file: string;
  readonly code: string;
  /** The import that the step puts at the top of the file. */
  readonly imported: string;
}

/** The code blocks of a section, without the indent of the list that they are in. */
function blocksOf(heading: string): readonly Block[] {
  const [, section = ""] =
    new RegExp(`^### ${heading}\\n(.*?)^#{2,3} `, "ms").exec(readFileSync("README.md", "utf8")) ?? [];
  return [...section.matchAll(/(.*?)^( *)```(\w+)\n(.*?)^ *```$/gms)].map(
    ([, text = "", indent = "", language = "", code = ""]) => {
      return { language, text, code: code.replaceAll(new RegExp(`^${indent}`, "gm"), "") };
    },
  );
}

/** The program text of a section, each block with the file that the text before it names last: "in `FILE`". */
export function readSteps(heading: string): readonly Step[] {
  const programs = blocksOf(heading).filter(({ language }) => language === "ts" || language === "html");
  return programs.map(({ text, code }) => {
    const [, file = ""] = [...text.matchAll(/\bin\s`((?:backend|local|test)\/[\w./-]+\.(?:ts|html))`/g)].at(-1) ?? [];
    const [, imported = ""] = /`(import [^`]*)` at its top/.exec(text) ?? [];
    return { file, code, imported };
  });
}

/** A new file gets the code; the list of features gets it as its last line, with the import of the step. */
export function followStep(folder: string, { file, code, imported }: Step): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  const list = file === LIST ? readFileSync(path, "utf8") : undefined;
  const withImport = (text: string) => text.replace(/^(?!import )/m, `${imported}\n`);
  writeFileSync(path, list === undefined ? code : withImport(list.replace("] as const", `${code}] as const`)));
}

/** The rows of a section go into the tables of ARCHITECTURE.md, for a feature, each below that of the last feature. */
export function addRows(folder: string, heading: string, feature: string): void {
  const names = [...readFileSync(join(folder, LIST), "utf8").matchAll(/\bname: "([\w-]+)"/g)].map(([, name]) => name);
  const path = join(folder, ARCHITECTURE);
  let text = readFileSync(path, "utf8");
  for (const { language, code } of blocksOf(heading)) {
    if (language !== "md") continue;
    // the table of folders has a slash after each name, the one of imports has none
    const [, slash = ""] = /^\| `backend\/[\w-]+(\/?)`/.exec(code) ?? [];
    const row = code.replace(/`backend\/[\w-]+/, `\`backend/${feature}`);
    const listed = names.filter((name) => text.includes(`| \`backend/${name}${slash}\` `));
    text = text.replace(new RegExp(`^\\| \`backend/${listed.at(-1)}${slash}\` .*\\n`, "m"), (last) => last + row);
  }
  writeFileSync(path, text);
}
