import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, expect, test } from "@jest/globals";
import { readConfig } from "../../../backend/config.ts";
import { mailWithLink } from "../../../backend/mail/mail.ts";
import { outboxFolder } from "../../../backend/mail/outbox-folder.ts";
import { type MailServer, smtpCarrier } from "../../../backend/mail/smtp.ts";
import { edgeCertificates } from "../../../infra/local/tunnel/certificates.ts";

const LINK = `https://chat.example.org/#reset=${"t".repeat(43)}`;
const mail = mailWithLink("reset", "ada@example.org", LINK);
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** The other side of RFC 5321, as far as one mail needs it; `responses` replaces what is said to a command. */
async function mailServer(answers: Readonly<Record<string, string>> = {}) {
  const commands: string[] = [];
  let data = "";
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    let inData = false;
    const say = (text: string) => socket.write(`${text}\r\n`);
    say("220 mail.example.org ESMTP");
    createInterface({ input: socket }).on("line", (line) => {
      if (inData) {
        if (line !== ".") data += `${line}\n`;
        else {
          inData = false;
          say(answers["."] ?? "250 taken");
        }
        return;
      }
      commands.push(line);
      const verb = line.split(" ")[0]?.toUpperCase() ?? "";
      inData = verb === "DATA";
      say(
        answers[verb] ?? (inData ? "354 go on" : verb === "EHLO" ? "250-mail.example.org\r\n250 AUTH PLAIN" : "235 ok"),
      );
      if (verb === "QUIT") socket.end();
    });
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const at: MailServer = {
    host: "127.0.0.1",
    port,
    secure: false,
    requireTls: false,
    user: undefined,
    password: undefined,
  };
  return { at, commands, data: () => data };
}

test("a mail is handed in by SMTP with the account's password, its link whole", async () => {
  const { at, commands, data } = await mailServer();
  await smtpCarrier({ ...at, user: "chat", password: "p@ss" }, "noreply@example.org").deliver(mail);
  expect(commands).toContain(`AUTH PLAIN ${Buffer.from("\0chat\0p@ss").toString("base64")}`);
  expect(commands).toContain("MAIL FROM:<noreply@example.org>");
  expect(commands).toContain("RCPT TO:<ada@example.org>");
  const text = data();
  expect(text).toContain("From: Causeway <noreply@example.org>\n");
  expect(text).toContain("Subject: Choose a new password\n");
  expect(text).toMatch(/auto-submitted: auto-generated/i);
  const readable = text.replace(/=\n/g, "").replace(/=3D/g, "=");
  expect(readable).toContain(LINK);
});

test("no address and no subject can add a header or a recipient", async () => {
  const hostile = {
    ...mail,
    to: "ada@example.org>\r\nRCPT TO:<eve@example.org",
    subject: "x\r\nBcc: eve@example.org",
  };
  const { at, commands, data } = await mailServer();
  await smtpCarrier(at, "noreply@example.org")
    .deliver(hostile)
    .catch(() => undefined);
  expect(commands.filter((line) => /eve/.test(line) && /^RCPT TO:<eve/.test(line))).toEqual([]);
  expect(data()).not.toMatch(/^Bcc:/m);
  const folder = mkdtempSync(join(tmpdir(), "causeway-outbox-"));
  await expect(outboxFolder(folder, "noreply@example.org").deliver(hostile)).rejects.toThrow("invariant");
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

test("permanent and temporary refusals differ; a server without TLS gets nothing where TLS is required", async () => {
  const deliver = async (answers: Readonly<Record<string, string>>, more: Partial<MailServer> = {}) => {
    const { at, commands } = await mailServer(answers);
    const error = await smtpCarrier({ ...at, ...more }, "noreply@example.org")
      .deliver(mail)
      .then(
        () => undefined,
        (thrown: Error) => thrown,
      );
    return { error, commands };
  };
  expect((await deliver({ RCPT: "550 nobody here" })).error).toMatchObject({
    name: "MailRefusedError",
    responseCode: 550,
  });
  expect((await deliver({ RCPT: "451 later" })).error?.name).not.toBe("MailRefusedError");
  expect((await deliver({ ".": "554 no" })).error?.name).toBe("MailRefusedError");
  const wrong = await deliver({ AUTH: "535 wrong" }, { user: "chat", password: "hunter2" });
  expect(wrong.error?.name).not.toBe("MailRefusedError");
  const plain = await deliver({ STARTTLS: "502 no" }, { requireTls: true, user: "chat", password: "hunter2" });
  expect(plain.error).toBeInstanceOf(Error);
  expect(plain.commands.filter((line) => /^(?:AUTH|MAIL|DATA)/.test(line))).toEqual([]);
});

test("a mail server that cannot prove its name gets nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "causeway-certificates-"));
  const { key, cert } = await edgeCertificates(folder, Date.now());
  const heard: unknown[] = [];
  const server = createTlsServer({ key, cert }, (socket) => {
    socket.on("data", (bytes) => heard.push(bytes)).on("error", () => undefined);
    socket.write("220 mail.example.org ESMTP\r\n");
  });
  server.on("tlsClientError", () => undefined);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const at = { host: "127.0.0.1", port, secure: true, requireTls: false, user: "chat", password: "hunter2" };
  await expect(smtpCarrier(at, "noreply@example.org").deliver(mail)).rejects.toThrow(/certificate/);
  expect(heard).toEqual([]);
  rmSync(folder, { recursive: true });
});

test("without a mail server each mail is a file for its owner's eyes, readable as it is, and old ones go", async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "causeway-outbox-")), "outbox");
  let now = 1_790_000_000_000;
  const carrier = outboxFolder(folder, "noreply@example.org", () => now);
  await carrier.deliver(mail);
  const [file = ""] = readdirSync(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  const text = readFileSync(join(folder, file), "utf8");
  expect(text.split("\n\n")[0]).toContain("To: <ada@example.org>");
  expect(text.split("\n")).toContain(LINK);
  for (let n = 0; n < 210; n += 1) {
    now += 1000;
    await carrier.deliver(mail);
  }
  expect(readdirSync(folder)).toHaveLength(200);
  expect(readdirSync(folder)).not.toContain(file);
  rmSync(join(folder, ".."), { recursive: true });
});

test("the configuration names the mail server; secrets do not stand in its problems", () => {
  const env = { ORIGINS: "https://chat.example.org", MAIL_FROM: "Chat@Example.org" };
  const server = (url: string) => readConfig({ ...env, MAIL_URL: url }).mail?.server;
  expect(readConfig({}).mail).toBeUndefined();
  expect(readConfig({ ...env, MAIL_URL: "smtp://u:p%40ss@mail.example.org" }).mail).toEqual({
    server: { host: "mail.example.org", port: 587, secure: false, requireTls: true, user: "u", password: "p@ss" },
    from: "chat@example.org",
  });
  expect(server("smtps://mail.example.org")).toMatchObject({ port: 465, secure: true, requireTls: false });
  expect(server("smtp://127.0.0.1:1025")).toMatchObject({ port: 1025, requireTls: false, user: undefined });
  expect(server("smtp://[::1]:25")).toMatchObject({ host: "::1", requireTls: false });
  expect(server("smtp://mailpit:1025?tls=off")).toMatchObject({ requireTls: false });
  for (const url of [
    "mail.example.org",
    "http://m",
    "smtp://",
    "smtp://u:hunter2@m/path",
    "smtp://u:hunter2@m?x=1",
    "smtps://m?tls=off",
    "smtp://%ff:hunter2@m",
  ]) {
    let message = "";
    try {
      server(url);
    } catch (error) {
      message = (error as Error).message;
    }
    expect([url, message]).toEqual([url, expect.stringContaining("MAIL_URL must be")]);
    expect(message).not.toContain("hunter2");
  }
  expect(() => readConfig({ MAIL_URL: "smtp://m" })).toThrow(/MAIL_FROM must be set.*\n.*ORIGINS must be set/);
  expect(() => readConfig({ ...env, MAIL_FROM: "a@b\nBcc: c@d" })).toThrow("MAIL_FROM must be");
});
