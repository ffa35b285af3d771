/** Follows the steps of a section of the README in a copy of the project. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const LIST = "backend/features.ts";

interface Step {
  readonly file: string;
  readonly code: string;
  /** The import that the step puts at the top of the file. */
  readonly imported: string;
}

/** The TypeScript of a section, each block with the file that the text before it names last: "in `FILE`". */
export function readSteps(heading: string): readonly Step[] {
  const [, section = ""] =
    new RegExp(`^### ${heading}\\n(.*?)^### `, "ms").exec(readFileSync("README.md", "utf8")) ?? [];
  return [...section.matchAll(/(.*?)^( *)```ts\n(.*?)^ *```$/gms)].map(([, text = "", indent = "", code = ""]) => {
    const [, file = ""] = [...text.matchAll(/\bin\s`((?:backend|local)\/[\w./-]+\.ts)`/g)].at(-1) ?? [];
    const [, imported = ""] = /`(import [^`]*)` at its top/.exec(text) ?? [];
    return { file, code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""), imported };
  });
}

/** A new file gets the code; the list of features gets it as its last line, with the import of the step. */
export function followStep(folder: string, { file, code, imported }: Step): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  const list = file === LIST ? readFileSync(path, "utf8") : undefined;
  writeFileSync(path, list === undefined ? code : `${imported}\n${list.replace("] as const", `${code}] as const`)}`);
}
