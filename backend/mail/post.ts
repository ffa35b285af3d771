import type { Logger } from "pino";
import { createThrottle, type Throttles } from "../throttle/throttle.ts";
import type { Mail } from "./letter.ts";

/**
 * Takes letters to where they are read. Rejects when it cannot; with a `MailRefusedError` when trying again makes no
 * sense.
 */
export interface Carrier {
  deliver(letter: Mail): Promise<void>;
}

/** The letter will never be taken: a permanent refusal (RFC 5321 4.2.1). */
export class MailRefusedError extends Error {
  override name = "MailRefusedError";
}

/** Sends letters beside the requests that cause them. */
export interface Post {
  /**
   * Takes a letter and returns at once. One that there is no room for, or that is one too many for its reader, is
   * dropped.
   */
  send(letter: Mail): void;
  /** Resolves when nothing is being delivered; what waits for another try is given up. */
  stop(): Promise<void>;
}

export interface PostOptions {
  readonly carrier: Carrier;
  readonly log: Pick<Logger, "info" | "warn">;
  /** Where letters for one address are counted. */
  readonly throttles: Throttles;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Runs work after so many milliseconds. */
  readonly later?: (milliseconds: number, work: () => void) => void;
}

/** Letters that wait or are under way; a kilobyte each. */
const ROOM = 1000;
/** Letters that are delivered at the same time. */
const LANES = 2;
/** Milliseconds before the second, third ... try: a quarter of an hour in all, well within the life of a link. */
const PAUSES = [5_000, 30_000, 120_000, 600_000];
/**
 * Letters of one kind for one address: whoever registers and removes accounts again and again must not fill somebody's
 * mailbox, and with letters that anybody can cause nobody keeps the owner from those that count. The longest wait is
 * shorter than the one between two links to a new password (`mailPause`), which would otherwise be put out of use by a
 * letter that is dropped.
 */
const READER = { free: 10, first: 60_000, longest: 50 * 60_000 };

/** A letter on its way. */
interface Task {
  readonly letter: Mail;
  readonly tries: number;
  /** Whether it counts for its address already. */
  isCounted: boolean;
}

/** A post of bounded size: a slow or dead mail server holds up no request and no memory beyond it. */
export function createPost(options: PostOptions): Post {
  const { carrier, log, throttles, clock, later = unreferenced } = options;
  const perReader = createThrottle(throttles, "letters", READER, clock);
  const ready: Task[] = [];
  let letters = 0;
  let lanes = 0;
  let stopped: (() => void) | undefined;

  const next = () => {
    while (!stopped && lanes < LANES) {
      const task = ready.shift();
      if (!task) return;
      lanes += 1;
      void attempt(task).finally(() => {
        lanes -= 1;
        if (lanes === 0) stopped?.();
        next();
      });
    }
  };

  const attempt = async (task: Task): Promise<void> => {
    const { letter, tries } = task;
    const { kind } = letter;
    try {
      if (!task.isCounted && (await perReader.take(`${kind} ${letter.to}`)) > 0) {
        letters -= 1;
        log.warn({ kind }, "mail dropped: too many of this kind for one address");
        return;
      }
      task.isCounted = true;
      await carrier.deliver(letter);
      letters -= 1;
      log.info({ kind, tries: tries + 1 }, "mail sent");
    } catch (error) {
      const pause = error instanceof MailRefusedError || stopped ? undefined : PAUSES[tries];
      const facts = { kind, tries: tries + 1, ...reasonOf(error) };
      log.warn(facts, pause === undefined ? "mail could not be sent" : "mail could not be sent yet");
      if (pause === undefined) {
        letters -= 1;
        return;
      }
      later(pause, () => {
        ready.push({ ...task, tries: tries + 1 });
        next();
      });
    }
  };

  return {
    send(letter) {
      const { kind } = letter;
      if (stopped || letters >= ROOM) return log.warn({ kind }, "mail dropped: too many wait");
      letters += 1;
      ready.push({ letter, tries: 0, isCounted: false });
      next();
    },
    stop() {
      return new Promise((resolve) => {
        stopped = () => {
          if (letters > 0) log.warn({ letters }, "mails given up: the backend stops");
          resolve();
        };
        if (lanes === 0) stopped();
      });
    },
  };
}

function unreferenced(milliseconds: number, work: () => void): void {
  setTimeout(work, milliseconds).unref();
}

/** Codes only: an error's text may repeat an address or what the server said. */
function reasonOf(error: unknown): object {
  if (!(error instanceof Error)) return {};
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  return {
    ...(typeof code === "string" && { code }),
    ...(typeof responseCode === "number" && { responseCode }),
  };
}
