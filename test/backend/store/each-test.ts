/** What the tests of a file have each for itself: made before a test, removed after it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "@jest/globals";
import { openStore, type Store } from "./open-store.ts";
import { type TestStorage, testStorage } from "./test-storage.ts";

/** A place for a store. */
export function storageForEach(use: (storage: TestStorage) => void): void {
  let storage: TestStorage;
  beforeEach(async () => {
    storage = await testStorage();
    use(storage);
  });
  afterEach(() => storage.remove());
}

/** An open store, and what `prepare` puts into it. */
export function storeForEach(prepare: (store: Store, storage: TestStorage) => void | Promise<void>): void {
  let storage: TestStorage;
  let store: Store;
  beforeEach(async () => {
    storage = await testStorage();
    store = await openStore(storage.options);
    await prepare(store, storage);
  });
  afterEach(async () => {
    await store.close();
    await storage.remove();
  });
}

/** A folder for an embedded database, and a file for its backup, neither of which exists yet. */
export function backupForEach(use: (dataDir: string, file: string, root: string) => void): void {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "causeway-backup-"));
    use(join(root, "data"), join(root, "backup.db"), root);
  });
  afterEach(() => rmSync(root, { recursive: true }));
}
