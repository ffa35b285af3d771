import { readFileSync } from "node:fs";
import { argumentsFromOne, command, messageOf, UsageError } from "../command-line/index.ts";
import { runVectors, type VectorFile } from "./conformance.ts";

export const vectorsCommand = command({
  name: "vectors",
  summary: "Compares the Rules language with conformance files, and lists every difference.",
  arguments: { file: argumentsFromOne("JSON files with vectors") },
  failure: "there are differences",
  examples: ["vectors.json"],
  run: ({ args }) => compareVectors(args.file),
});

function compareVectors(files: readonly string[]): 0 | 1 {
  let differing = 0;
  for (const file of files) {
    const { expressions, assertions, differences, known } = runVectors(readVectors(file));
    for (const { expression, what } of differences) console.log(`${JSON.stringify(expression)}\n  ${what}`);
    for (const { expression, what } of known) console.log(`${JSON.stringify(expression)}\n  known: ${what}`);
    console.log(
      `${file}: ${expressions} expressions, ${assertions} assertions, ${differences.length} differences, ` +
        `${known.length} known`,
    );
    differing += differences.length;
  }
  return differing === 0 ? 0 : 1;
}

function readVectors(file: string): VectorFile {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as VectorFile;
  } catch (error) {
    throw new UsageError(`${file} cannot be read as JSON: ${messageOf(error)}`);
  }
}
