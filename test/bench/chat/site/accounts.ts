import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../../../backend/config.ts";
import { call } from "../../../../backend/contract/index.ts";
import { BufferedOutput } from "../../../../backend/log-output.ts";
import { startBackend } from "../../../../backend/main.ts";
import { hashPassword } from "../../../../backend/users/password.ts";
import { openStore } from "../../../backend/store/open-store.ts";
import { TEST_ASSETS } from "../../../backend/test-options.ts";

export const PASSWORD = "correct horse battery";

/** A user who is signed in. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds that the access token is good for, from when it was made. */
  readonly expiresIn: number;
  /** When it was made, in milliseconds of `performance.now()`. */
  readonly madeAt: number;
}

/** Makes users with the password `PASSWORD` in an empty PostgreSQL database, and a session for each. */
export async function createAccounts(databaseUrl: string, count: number): Promise<readonly Account[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-accounts-"));
  try {
    const config = readConfig({ PORT: "0", DATA_DIR: dataDir, DATABASE_URL: databaseUrl, LOG_LEVEL: "error" });
    const passwordHash = await hashPassword(PASSWORD);
    const store = await openStore(config);
    const numbers = Array.from({ length: count }, (_, n) => n);
    for (const n of numbers) {
      const user = { id: `u${n}`, email: `u${n}@example.org`, name: `User ${n}`, passwordHash } as const;
      await store.users.create({ ...user, role: "user", createdAt: Date.now(), disabledAt: null });
    }
    await store.close();
    const backend = await startBackend(config, { log: new BufferedOutput("/dev/null"), assets: TEST_ASSETS });
    try {
      const accounts: Account[] = [];
      for (const n of numbers) {
        const session = await call(backend.broker, "auth.startSession", { userId: `u${n}` });
        const { accessToken, refreshToken, expiresIn } = session;
        const madeAt = performance.now();
        accounts.push({ id: `u${n}`, email: `u${n}@example.org`, accessToken, refreshToken, expiresIn, madeAt });
      }
      return accounts;
    } finally {
      await backend.stop();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
