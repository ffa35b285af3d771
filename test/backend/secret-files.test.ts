import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { readConfig } from "../../backend/config.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-secrets-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fileOf(text: string, mode = 0o600): string {
  const file = join(folder, "secret");
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

const URL = "postgres://causeway:hunter2@db.internal/causeway";

test.each([0o400, 0o440, 0o600])(
  "O20: a secret is read from a file of mode %o, without its last line break",
  (mode) => {
    const file = fileOf(`${URL}\n`, mode);
    expect(readConfig({ DATABASE_URL_FILE: file }).databaseUrl).toBe(URL);
  },
);

test("O20: every secret that the backend has may be in a file", () => {
  const secret = fileOf("0123456789abcdef0123456789abcdef");
  const others = { DATABASE_URL: URL, NATS_URL: "nats://127.0.0.1" };
  const { nats } = readConfig({ ...others, NODE_SECRET_FILE: secret, NODE_SECRET_ACCEPTED_FILE: secret });
  expect(nats?.secrets).toEqual(Array(2).fill("0123456789abcdef0123456789abcdef"));
  const nodes = { DATABASE_URL: URL, NODE_SECRET: "0123456789abcdef0123456789abcdef" };
  expect(readConfig({ ...nodes, NATS_URL_FILE: fileOf("nats://127.0.0.1") }).nats?.servers).toEqual(["127.0.0.1:4222"]);
  const mail = { ORIGINS: "https://chat.example.com", MAIL_FROM: "chat@example.com" };
  const server = readConfig({ ...mail, MAIL_URL_FILE: fileOf("smtps://chat:hunter2@mail.example.com") }).mail?.server;
  expect(server).toMatchObject({ host: "mail.example.com", password: "hunter2" });
});

test.each([
  ["other users may read it", () => ({ DATABASE_URL_FILE: fileOf(URL, 0o604) }), /has mode 0604.*chmod 600/],
  ["its group may write to it", () => ({ DATABASE_URL_FILE: fileOf(URL, 0o660) }), /has mode 0660/],
  ["it is empty", () => ({ DATABASE_URL_FILE: fileOf("\n") }), /is empty/],
  ["it is too long", () => ({ DATABASE_URL_FILE: fileOf("x".repeat(20_000)) }), /has 20000 bytes/],
  ["it is a folder", () => ({ DATABASE_URL_FILE: folder }), /is not a file/],
  ["it is missing", () => ({ DATABASE_URL_FILE: join(folder, "none") }), /ENOENT/],
  ["the variable is set too", () => ({ DATABASE_URL: URL, DATABASE_URL_FILE: fileOf(URL) }), /unset one of the two/],
  ["what it holds is no URL", () => ({ DATABASE_URL_FILE: fileOf("hunter2@db") }), /DATABASE_URL must be a URL like/],
])("O20: a file is refused where %s, and no secret is shown", (_case, environment, message) => {
  let text = "";
  try {
    readConfig(environment());
  } catch (error) {
    text = String(error);
  }
  expect(text).toMatch(message);
  expect(text).not.toContain("hunter2");
});
