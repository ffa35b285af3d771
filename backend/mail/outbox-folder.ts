import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Mail } from "./mail.ts";
import type { Carrier } from "./post.ts";

/** Maximum number of files. The oldest one is removed when another one is written. */
const MAX_FILES = 200;

/**
 * Writes mails into a folder, in place of a mail server: one file for each mail, in the format of RFC 5322, that only
 * its owner can read. `from` is the sender's address.
 */
export function outboxFolder(folder: string, from: string, clock: () => number = Date.now): Carrier {
  return {
    async deliver(mail) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await chmod(folder, 0o700);
      const at = new Date(clock());
      const name = `${at.toISOString().replaceAll(":", "-")}-${randomBytes(4).toString("hex")}.eml`;
      await writeFile(join(folder, name), fileText(mail, from, at), { mode: 0o600, flag: "wx" });
      const files = (await readdir(folder)).filter((file) => file.endsWith(".eml")).sort();
      await Promise.all(files.slice(0, -MAX_FILES).map((file) => rm(join(folder, file), { force: true })));
    },
  };
}

/** The text of a mail's file: not folded and not encoded, so that its link can be read and copied. */
function fileText({ to, subject, text }: Mail, from: string, at: Date): string {
  const headers = [
    `From: Causeway <${from}>`,
    `To: <${to}>`,
    `Subject: ${subject}`,
    `Date: ${at.toUTCString().replace("GMT", "+0000")}`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
  ];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the point
  if (headers.some((header) => /[\u0000-\u001f\u007f]/.test(header))) {
    throw new Error("invariant: a mail's header is one line");
  }
  return `${headers.join("\n")}\n\n${text}`;
}
