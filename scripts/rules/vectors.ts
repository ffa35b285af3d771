/** `npm run rules -- vectors FILE...`: runs conformance files and lists every difference. */
import { readFileSync } from "node:fs";
import { runVectors, type VectorFile } from "./conformance.ts";
import { UsageError } from "./options.ts";

/** Exit code: 0 no difference, 1 differences, 2 wrong use. */
export function vectorsCommand(files: readonly string[]): number {
  if (files.length === 0) throw new UsageError("usage: npm run rules -- vectors FILE...");
  let differing = 0;
  for (const file of files) {
    const { expressions, assertions, differences, known } = runVectors(readVectors(file));
    for (const { expression, what } of differences) console.log(`${JSON.stringify(expression)}\n  ${what}`);
    for (const { expression, what } of known) console.log(`${JSON.stringify(expression)}\n  known: ${what}`);
    console.log(
      `${file}: ${expressions} expressions, ${assertions} assertions, ${differences.length} differences, ${known.length} known`,
    );
    differing += differences.length;
  }
  return differing === 0 ? 0 : 1;
}

function readVectors(file: string): VectorFile {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as VectorFile;
  } catch (error) {
    throw new UsageError(`${file} cannot be read as JSON: ${error instanceof Error ? error.message : error}`);
  }
}
