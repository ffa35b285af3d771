import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where a stack's tunnel token is kept for the connectors of this machine. */
export const tokenFile = (folder: string): string => join(folder, "tunnel-token");

/** Writes the token so that only its owner can read it (0400), whole or not at all. */
export const writeTokenFile = (folder: string, token: string): string =>
  writeSecretFile(folder, tokenFile(folder), token);

/** Writes a secret of the stack in the same way. Returns the file. */
export function writeSecretFile(folder: string, file: string, text: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const next = `${file}.new`;
  rmSync(next, { force: true });
  writeFileSync(next, `${text}\n`, { mode: 0o400, flag: "wx" });
  renameSync(next, file);
  return file;
}
