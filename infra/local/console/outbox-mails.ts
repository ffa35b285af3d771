import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { OutboxMail } from "./console-data.ts";

/** Mails that are listed. */
const MAX_MAILS = 50;
/** Bytes that are read of a mail. */
const MAX_MAIL_BYTES = 64 * 1024;

/** The newest mails of an outbox, newest first; none where there is no such folder. */
export async function outboxMails(folder: string): Promise<readonly OutboxMail[]> {
  const names = await readdir(folder).catch(() => []);
  const newest = names.filter((name) => name.endsWith(".eml")).sort();
  return Promise.all(
    newest
      .slice(-MAX_MAILS)
      .reverse()
      .map(async (name) => readMail(name, await textOfFile(join(folder, name)))),
  );
}

async function textOfFile(file: string): Promise<string> {
  try {
    const handle = await open(file);
    try {
      const bytes = Buffer.alloc(MAX_MAIL_BYTES);
      const { bytesRead } = await handle.read(bytes, 0, MAX_MAIL_BYTES, 0);
      return bytes.subarray(0, bytesRead).toString();
    } finally {
      await handle.close();
    }
  } catch {
    return ""; // the oldest mail is removed when another one is written
  }
}

function readMail(name: string, content: string): OutboxMail {
  const end = content.indexOf("\n\n");
  const lines = content.slice(0, Math.max(0, end)).split("\n");
  const header = (key: string) => lines.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 2) ?? "";
  return { name, to: header("To"), subject: header("Subject"), date: header("Date"), text: content.slice(end + 2) };
}
