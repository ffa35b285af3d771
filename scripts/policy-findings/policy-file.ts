import { readFileSync, realpathSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

/** The path of a file of the policy; undefined for what is elsewhere, and for what only a symbolic link leads to. */
export function policyFile(root: string, file: string): string | undefined {
  const path = resolve(root, file);
  try {
    const isWithin = path.startsWith(join(resolve(root), "infra/policy") + sep);
    // the project itself may be in a folder that a link leads to
    return isWithin && realpathSync(path) === join(realpathSync(root), relative(root, path)) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Its text, with a byte order mark; undefined where bytes would be lost in it. */
export function policyText(file: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch {
    return undefined;
  }
}
