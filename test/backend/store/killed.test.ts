import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "@jest/globals";
import { openStore } from "./open-store.ts";

/** Stores users as fast as it can and says each one's number when it is stored. */
const WRITER = `
  const { openStore } = await import(process.argv[1]);
  const store = await openStore({ dataDir: process.argv[2] });
  for (let n = 1; ; n += 1) {
    const id = "u" + n;
    await store.users.create({ id, email: id, name: id, passwordHash: "", role: "user", createdAt: n, disabledAt: null });
    console.log(n);
  }
`;

test("kill -9 does not lose an acknowledged write", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-killed-"));
  const storeModule = new URL("./open-store.ts", import.meta.url).href;
  const writer = spawn(process.execPath, ["--input-type=module", "-e", WRITER, storeModule, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let acknowledged = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    acknowledged = Number(line);
    if (acknowledged === 200) writer.kill("SIGKILL"); // lines already written still count as acknowledged
  }
  if (writer.exitCode === null && writer.signalCode === null) await once(writer, "exit");
  expect(writer.signalCode).toBe("SIGKILL");
  expect(acknowledged).toBeGreaterThanOrEqual(200);
  const store = await openStore({ dataDir });
  const users = await store.users.list(acknowledged + 100_000);
  expect(users.length).toBeGreaterThanOrEqual(acknowledged);
  expect(users.map(({ id }) => id)).toEqual(users.map((_, index) => `u${index + 1}`));
  await store.close();
  rmSync(dataDir, { recursive: true });
});
