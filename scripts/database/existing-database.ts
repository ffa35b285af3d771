import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadFeatures } from "../../backend/modules.ts";
import { type Database, openDatabase } from "../../backend/store/index.ts";
import { DATABASE_FILE } from "../../backend/store/sqlite.ts";
import { CommandError } from "../command-line/index.ts";
import { readBackendConfig } from "./backend-config.ts";

/** Environment variables for the place of the backend's database, for the help of commands that use it. */
export const DATABASE_VARIABLES = {
  DATA_DIR: "folder of the embedded database (.data)",
  DATABASE_URL: "PostgreSQL instead of the embedded database",
  UNUSED_FEATURES: "features that the program does not have any more and the database has (none)",
};

/** Refuses a data folder without a database: usually DATA_DIR or the working directory is not the backend's. */
export function requireDatabase(dataDir: string, advice = "To make a new one, start the backend."): void {
  const file = join(dataDir, DATABASE_FILE);
  if (existsSync(file)) return;
  throw new CommandError(
    `there is no database at ${file}. Set DATA_DIR to the folder that the backend uses. ${advice}`,
  );
}

/**
 * Refuses a data folder that has a database: usually DATA_DIR or the working directory is not the one that was meant.
 */
export function refuseDatabase(dataDir: string, advice: string): void {
  const file = join(dataDir, DATABASE_FILE);
  if (existsSync(file)) throw new CommandError(`there is a database at ${file} already. ${advice}`);
}

/**
 * Opens the database that the environment names. Never makes one.
 * @throws CommandError where there is no embedded database, UsageError where the environment is wrong, StoreError
 */
export async function openExistingDatabase(env: NodeJS.ProcessEnv): Promise<Database> {
  const config = readBackendConfig(env);
  if (config.databaseUrl === undefined) requireDatabase(config.dataDir);
  return openDatabase(config, await loadFeatures());
}
