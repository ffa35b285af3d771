import type { Logger } from "pino";
import { createThrottle, type Throttles } from "../throttle/throttle.ts";
import type { Mail } from "./mail.ts";

/** Delivers mails. Rejects when it cannot; with a `MailRefusedError` when another try is useless. */
export interface Carrier {
  deliver(mail: Mail): Promise<void>;
}

/** The mail server refuses the mail for good (RFC 5321 4.2.1). */
export class MailRefusedError extends Error {
  override name = "MailRefusedError";
}

/** Sends mails in the background: the requests that cause them do not wait. */
export interface Post {
  /** Queues a mail and returns at once. Drops it when too many wait, or its address was sent too many. */
  send(mail: Mail): void;
  /** Resolves when no mail is being delivered. Mails that wait are dropped. */
  stop(): Promise<void>;
}

export interface PostOptions {
  readonly carrier: Carrier;
  readonly log: Pick<Logger, "info" | "warn">;
  /** Where mails to one address are counted. */
  readonly throttles: Throttles;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Runs work after so many milliseconds. */
  readonly later?: (milliseconds: number, work: () => void) => void;
}

/** Maximum number of mails that wait or are being delivered; each has about a kilobyte. */
const MAX_MAILS = 1000;
/** Maximum number of mails that are delivered at the same time. */
const MAX_DELIVERIES = 2;
/** Milliseconds before the second, third ... try: a quarter of an hour in all, in which links stay valid. */
const RETRY_PAUSES_MS = [5_000, 30_000, 120_000, 600_000];
/**
 * Limits mails of one kind to one address: an attacker who registers and removes accounts again and again must not fill
 * the mailbox of the address's owner. Each kind has its own limit, so that mails which any client can cause do not use
 * up the limit of the others. The maximum wait is shorter than the pause between two links to a new password
 * (`mailPause`): a new link makes the earlier one invalid, and so must not be dropped.
 */
const ADDRESS_RULE = { freeTries: 10, firstWaitMs: 60_000, maxWaitMs: 50 * 60_000 };

/** A mail that waits or is being delivered. */
interface QueuedMail {
  readonly mail: Mail;
  readonly tries: number;
  /** Whether it counts for its address already. */
  isCounted: boolean;
}

/** Makes a post whose queue is limited, so that a slow or dead mail server delays no request and fills no memory. */
export function createPost(options: PostOptions): Post {
  const { carrier, log, throttles, clock, later = runLater } = options;
  const perAddress = createThrottle(throttles, "mails", ADDRESS_RULE, clock);
  const ready: QueuedMail[] = [];
  let mailCount = 0;
  let deliveryCount = 0;
  let stopped: (() => void) | undefined;

  const deliverNext = () => {
    while (!stopped && deliveryCount < MAX_DELIVERIES) {
      const queued = ready.shift();
      if (!queued) return;
      deliveryCount += 1;
      void attempt(queued).finally(() => {
        deliveryCount -= 1;
        if (deliveryCount === 0) stopped?.();
        deliverNext();
      });
    }
  };

  const attempt = async (queued: QueuedMail): Promise<void> => {
    const { mail, tries } = queued;
    const { kind } = mail;
    try {
      if (!queued.isCounted && (await perAddress.countTry(`${kind} ${mail.to}`)) > 0) {
        mailCount -= 1;
        log.warn({ kind }, "mail dropped: too many of this kind for one address");
        return;
      }
      queued.isCounted = true;
      await carrier.deliver(mail);
      mailCount -= 1;
      log.info({ kind, tries: tries + 1 }, "mail sent");
    } catch (error) {
      const pause = error instanceof MailRefusedError || stopped ? undefined : RETRY_PAUSES_MS[tries];
      const details = { kind, tries: tries + 1, ...codesOf(error) };
      log.warn(details, pause === undefined ? "mail could not be sent" : "mail could not be sent yet");
      if (pause === undefined) {
        mailCount -= 1;
        return;
      }
      later(pause, () => {
        ready.push({ ...queued, tries: tries + 1 });
        deliverNext();
      });
    }
  };

  return {
    send(mail) {
      const { kind } = mail;
      if (stopped || mailCount >= MAX_MAILS) return log.warn({ kind }, "mail dropped: too many wait");
      mailCount += 1;
      ready.push({ mail, tries: 0, isCounted: false });
      deliverNext();
    },
    stop() {
      return new Promise((resolve) => {
        stopped = () => {
          if (mailCount > 0) log.warn({ mails: mailCount }, "mails given up: the backend stops");
          resolve();
        };
        if (deliveryCount === 0) stopped();
      });
    },
  };
}

function runLater(milliseconds: number, work: () => void): void {
  setTimeout(work, milliseconds).unref();
}

/** The codes of an error. Its text is left out: it may repeat an address or the server's response. */
function codesOf(error: unknown): object {
  if (!(error instanceof Error)) return {};
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  return {
    ...(typeof code === "string" && { code }),
    ...(typeof responseCode === "number" && { responseCode }),
  };
}
