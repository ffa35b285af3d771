import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Where Debian puts a folder for each version. */
const ROOT = "/usr/lib/postgresql";

/**
 * The folder with PostgreSQL's programs, among them initdb: what `POSTGRES_BIN` names, else Debian's; undefined without
 * one.
 */
export function postgresFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.POSTGRES_BIN) return env.POSTGRES_BIN;
  const versions = existsSync(ROOT) ? readdirSync(ROOT) : [];
  return versions.map((version) => join(ROOT, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
}
