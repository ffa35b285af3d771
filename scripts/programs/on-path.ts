import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, sep } from "node:path";

/** The first program of one of these names on PATH. Launchers in node_modules that have such a name are ignored. */
export function onPath(names: readonly string[], path = ""): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== "" && !folder.split(sep).includes("node_modules"))
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isProgram);
}

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
