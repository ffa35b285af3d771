/** Where the Pulumi CLI is: named by PULUMI_BIN, or on PATH outside the packages' own launchers. */
import { accessSync, constants } from "node:fs";
import { delimiter, join, sep } from "node:path";

/** There is no CLI; the message says how to get one. */
export class NoPulumiError extends Error {
  override readonly name = "NoPulumiError";
}

/** @throws NoPulumiError */
export function findPulumi(env: Readonly<Record<string, string | undefined>>): string {
  if (env.PULUMI_BIN) return env.PULUMI_BIN;
  const name = process.platform === "win32" ? "pulumi.exe" : "pulumi";
  const found = (env.PATH ?? "")
    .split(delimiter)
    // node_modules/.bin has a launcher of the same name
    .filter((folder) => folder !== "" && !folder.split(sep).includes("node_modules"))
    .map((folder) => join(folder, name))
    .find(isExecutable);
  if (found) return found;
  throw new NoPulumiError(
    "There is no Pulumi CLI on PATH: install it from https://www.pulumi.com/docs/install, or name it in PULUMI_BIN.",
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
