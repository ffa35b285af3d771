import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, sep } from "node:path";

/** The first program of one of these names on PATH; the packages' own launchers of the same names are passed over. */
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
