import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "@jest/globals";
import { openStore } from "../../store/open-store.ts";

/** Stores messages as fast as it can and says each one's number when it is stored. */
const WRITER = `
  const { openStore } = await import(process.argv[1]);
  const store = await openStore({ dataDir: process.argv[2] });
  await store.users.create({ id: "ada", email: "a@example.org", name: "Ada", passwordHash: "", role: "user", createdAt: 1, disabledAt: null });
  for (let n = 1; ; n += 1) {
    const { message } = await store.messages.append({ room: "lobby", authorId: "ada", clientId: "c" + n, text: "t" + n, at: n }, () => undefined);
    console.log(message.seq);
  }
`;

test("kill -9 does not lose an acknowledged message", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-killed-"));
  const storeModule = new URL("../../store/open-store.ts", import.meta.url).href;
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
  const messages = await store.messages.after("lobby", 0, acknowledged + 100_000);
  expect(messages.length).toBeGreaterThanOrEqual(acknowledged);
  expect(messages.map((message) => message.text)).toEqual(messages.map((_, index) => `t${index + 1}`));
  await store.close();
  rmSync(dataDir, { recursive: true });
});
