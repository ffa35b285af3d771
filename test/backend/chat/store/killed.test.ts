import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { killWriter } from "../../store/killed-writer.ts";
import { openStore } from "../../store/open-store.ts";

const WRITE = `
  const draft = { room: "lobby", authorId: "ada", sid: "s-ada", clientId: "c" + n, text: "t" + n, at: n };
  const { message } = await store.messages.append(draft, () => undefined);
  if (message.seq !== n) throw new Error("message " + n + " has the number " + message.seq);
`;

test("kill -9 does not lose an acknowledged message", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-killed-"));
  const acknowledged = await killWriter(dataDir, WRITE, 'await addUsers(store, "ada");');
  expect(acknowledged).toBeGreaterThanOrEqual(200);
  const store = await openStore({ dataDir });
  const messages = await store.messages.after("lobby", 0, acknowledged + 100_000);
  expect(messages.length).toBeGreaterThanOrEqual(acknowledged);
  expect(messages.map((message) => message.text)).toEqual(messages.map((_, index) => `t${index + 1}`));
  await store.close();
  rmSync(dataDir, { recursive: true });
});
