import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where a stack's tunnel token is kept for the connectors of this machine. */
export const tokenFile = (folder: string): string => join(folder, "tunnel-token");

const SERVICE_TOKEN = "service-token-";

/** Where `rotate` writes the new secret of a service token. */
export const serviceTokenFile = (folder: string, name: string): string => join(folder, `${SERVICE_TOKEN}${name}`);

/** Removes the tunnel's token and the secrets of service tokens: nothing accepts them once the stack is gone. */
export function removeSecretFiles(folder: string): void {
  if (!existsSync(folder)) return;
  rmSync(tokenFile(folder), { force: true });
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile() && entry.name.startsWith(SERVICE_TOKEN)) rmSync(join(folder, entry.name), { force: true });
  }
}

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
