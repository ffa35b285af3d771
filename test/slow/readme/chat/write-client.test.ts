import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, test } from "@jest/globals";
import { Chat } from "../../../../backend/client/chat/index.ts";
import { createClient } from "../../../../backend/client/node/index.ts";
import { readConfig } from "../../../../backend/config.ts";
import { type Backend, startBackend } from "../../../../backend/main.ts";
import { testModules } from "../../../backend/test-modules.ts";

const run = promisify(execFile);
let folder: string;
let backend: Backend;
afterEach(async () => {
  await backend.stop();
  rmSync(folder, { recursive: true });
});

test("D6, D8: the README's script signs in under a name of localhost and chats; it needs backend/client alone", async () => {
  folder = mkdtempSync(join(tmpdir(), "causeway-client-"));
  const [, script] = /^### Write a client\n.*?```ts\n(.*?)```/ms.exec(readFileSync("README.md", "utf8")) ?? [];
  mkdirSync(join(folder, "local"));
  writeFileSync(join(folder, "local/my-client.ts"), script ?? "");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  cpSync("backend/client", join(folder, "backend/client"), { recursive: true });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  const config = readConfig({ PORT: "0", DATA_DIR: join(folder, "data"), LOG_LEVEL: "silent" });
  backend = await startBackend(config, { modules: testModules() });
  const url = `http://chat.causeway.localhost:${new URL(backend.url).port}`;
  const person = { email: "ada@example.org", password: "correct horse battery" };
  const ada = createClient(url);
  const chat = new Chat(ada);
  await ada.register({ ...person, name: "Ada" });
  await ada.untilOnline();
  await chat.join("lobby");
  const env = { ...process.env, SITE: url, EMAIL: person.email, PASSWORD: person.password };
  const { stdout } = await run(process.execPath, ["local/my-client.ts"], { cwd: folder, env, timeout: 60_000 });
  expect(stdout).toBe("lobby 1 Ada Hello\n");
  await chat.open("lobby");
  expect(chat.timeline("lobby")?.messages.map(({ text }) => text)).toEqual(["Hello"]);
  ada.close();
}, 120_000);
