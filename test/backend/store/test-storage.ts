import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseOptions } from "../../../backend/store/index.ts";

/** A place for a store of its own. */
export interface TestStorage {
  readonly options: DatabaseOptions;
  /** The same as the backend's environment. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

let makeDatabase: (() => Promise<{ url: string; remove(): Promise<void> }>) | undefined;

/**
 * Lets every storage from now on be a database of PostgreSQL (test/real/postgres); without it they are temporary
 * folders.
 */
export function storeInPostgres(make: typeof makeDatabase): void {
  makeDatabase = make;
}

export async function testStorage(): Promise<TestStorage> {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-store-"));
  const database = await makeDatabase?.();
  return {
    options: { dataDir, databaseUrl: database?.url },
    env: { DATA_DIR: dataDir, ...(database && { DATABASE_URL: database.url }) },
    async remove() {
      rmSync(dataDir, { recursive: true });
      await database?.remove();
    },
  };
}
