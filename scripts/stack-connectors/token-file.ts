import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where a stack's tunnel token is kept for the connectors of this machine. */
export const tokenFile = (folder: string): string => join(folder, "tunnel-token");

/** Writes the token so that only its owner can read it (0400), whole or not at all. */
export function writeTokenFile(folder: string, token: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = tokenFile(folder);
  const next = `${file}.new`;
  rmSync(next, { force: true });
  writeFileSync(next, `${token}\n`, { mode: 0o400, flag: "wx" });
  renameSync(next, file);
  return file;
}
