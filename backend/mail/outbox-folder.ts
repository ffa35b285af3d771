import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Mail } from "./letter.ts";
import type { Carrier } from "./post.ts";

/** Letters kept; the oldest goes when another comes. */
const KEPT = 200;

/**
 * Puts letters into a folder, for where there is no mail server: one file each, in the form of RFC 5322, for its
 * owner's eyes alone. `from` is an address.
 */
export function outboxFolder(folder: string, from: string, clock: () => number = Date.now): Carrier {
  return {
    async deliver(letter) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await chmod(folder, 0o700);
      const at = new Date(clock());
      const name = `${at.toISOString().replaceAll(":", "-")}-${randomBytes(4).toString("hex")}.eml`;
      await writeFile(join(folder, name), written(letter, from, at), { mode: 0o600, flag: "wx" });
      const letters = (await readdir(folder)).filter((file) => file.endsWith(".eml")).sort();
      await Promise.all(letters.slice(0, -KEPT).map((file) => rm(join(folder, file), { force: true })));
    },
  };
}

/** The letter as it stands in its file: not folded and not encoded, so that its link can be read and copied. */
function written({ to, subject, text }: Mail, from: string, at: Date): string {
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
