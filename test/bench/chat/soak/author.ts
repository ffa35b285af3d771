import { setTimeout as delay } from "node:timers/promises";
import type { Message } from "../../../../backend/chat/shapes.ts";
import { BACKOFF, isTemporary, waitFor } from "../../../../backend/client/requests.ts";
import type { LightClient } from "../site/light-client.ts";
import type { Figures } from "./figures.ts";
import type { Ledger, Sent } from "./ledger.ts";

/** Messages of an author that does not wait which are under way at once. */
const AT_ONCE = 8;
/** Every so many messages, an author edits the one before. */
const EDIT_EVERY = 8;

export interface AuthorParts {
  readonly name: string;
  readonly client: LightClient;
  readonly ledger: Ledger;
  readonly figures: Figures;
  /** Whether it sends a message only when the one before is acknowledged. */
  readonly isSequential: boolean;
}

/** Writes messages and sends each, under one client id, until it is acknowledged. */
export class Author {
  readonly sent: Sent;
  readonly #parts: AuthorParts;
  #written = 0;
  #next = 0;
  #underWay = 0;
  #editing = 0;
  #isFlushing = false;

  constructor(parts: AuthorParts) {
    this.#parts = parts;
    this.sent = parts.ledger.author(parts.name, parts.isSequential);
  }

  /** Messages that are written and not acknowledged. */
  get pending(): number {
    return this.#written - this.#next + this.#underWay;
  }

  /** Edits under way. */
  get editing(): number {
    return this.#editing;
  }

  /** Writes the next message; it goes out now or when the client is back. */
  write(): void {
    this.#written += 1;
    this.flush();
  }

  /** Sends what waits; to be called whenever the client is back. */
  flush(): void {
    if (!this.#isFlushing) void this.#flush();
  }

  async #flush(): Promise<void> {
    const { client, isSequential } = this.#parts;
    this.#isFlushing = true;
    while (this.#next < this.#written && client.isBack && this.#underWay < AT_ONCE) {
      const sending = this.#send(this.#next++);
      if (isSequential) await sending;
    }
    this.#isFlushing = false;
  }

  /** Sends a message until it is acknowledged; waits for the client where that is away. */
  async #send(n: number): Promise<void> {
    const { name, client, ledger, figures } = this.#parts;
    const id = `${name}-${n}`;
    const { sent } = this;
    this.#underWay += 1;
    sent.at[n] = performance.now();
    for (let tries = 0; ; tries += 1) {
      try {
        while (!client.isBack) await delay(50);
        const { message } = (await client.call("chat.send", { room: client.room, text: id, clientId: id })) as {
          message: Message;
        };
        const now = performance.now();
        ledger.place(message, `the acknowledgement of ${id}`);
        sent.seq[n] = message.seq;
        sent.acknowledgedAt[n] = now;
        figures.current.acknowledged += 1;
        figures.current.acknowledgements.push(now - sent.at[n]);
        break;
      } catch (error) {
        if (!isTemporary(error)) {
          ledger.wrong("refused for good", `${id}: ${String(error)}`);
          break;
        }
        if (client.isBack) await delay(waitFor(error, tries, BACKOFF));
      }
    }
    this.#underWay -= 1;
    if (n % EDIT_EVERY === EDIT_EVERY - 1) await this.#edit(n - 1);
    this.flush();
  }

  /** Tries once; only what is acknowledged counts. */
  async #edit(n: number): Promise<void> {
    const { name, client, figures } = this.#parts;
    const seq = this.sent.seq[n];
    if (seq === undefined) return;
    const text = `${name}-${n} edited`;
    const period = figures.current.name;
    this.#editing += 1;
    const isAcknowledged = await client.call("chat.edit", { room: client.room, seq, text }).then(
      () => true,
      () => false,
    );
    this.#editing -= 1;
    this.sent.edits.set(n, { text, acknowledgedAt: isAcknowledged ? performance.now() : undefined, period });
  }
}
