import { createTransport } from "nodemailer";
import { type Carrier, MailRefusedError } from "./post.ts";

/** A mail server, as `MAIL_URL` names it. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the start (`smtps`); otherwise by STARTTLS. */
  readonly secure: boolean;
  /** Whether a server without TLS is refused: mails carry links to new passwords. */
  readonly requireTls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** Milliseconds for each step with the server. */
const TIMEOUT_MS = 10_000;

/** Delivers by SMTP, one connection for each mail. `from` is an address. */
export function smtpCarrier(server: MailServer, from: string): Carrier {
  const { host, port, secure, requireTls, user, password } = server;
  const transport = createTransport({
    host,
    port,
    secure,
    requireTLS: requireTls,
    ...(user === undefined ? {} : { auth: { user, pass: password ?? "" } }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    dnsTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async deliver({ to, subject, text }) {
      // addresses as objects: nodemailer splits a text at commas
      const mail = { from: { name: "Causeway", address: from }, to: { name: "", address: to }, subject, text };
      try {
        await transport.sendMail({ ...mail, headers: { "auto-submitted": "auto-generated" } });
      } catch (error) {
        throw isPermanent(error) ? Object.assign(new MailRefusedError(), codesOf(error)) : error;
      }
    },
  };
}

function isPermanent(error: unknown): boolean {
  const { responseCode } = error as { responseCode?: unknown };
  // wrong credentials may be corrected while mails wait
  return typeof responseCode === "number" && responseCode >= 500 && responseCode !== 530 && responseCode !== 535;
}

function codesOf(error: unknown): object {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  return { code, responseCode };
}
