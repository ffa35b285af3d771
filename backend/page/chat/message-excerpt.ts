import type { Message } from "../../client/chat/index.ts";
import type { SiteClient } from "../../client/index.ts";

/** Number of messages after the one that is shown, so that it is in the middle of a page. */
const MESSAGES_AFTER = 24;

/** A page of older messages that is on the screen in place of the newest ones. */
export class MessageExcerpt {
  readonly #client: SiteClient;
  #messages: readonly Message[] | undefined;

  constructor(client: SiteClient, onChange: () => void) {
    this.#client = client;
    client.on("messageChanged", (changed) => {
      const index = this.#messages?.findIndex((message) => isSame(message, changed)) ?? -1;
      if (index < 0) return;
      this.#messages = this.#messages?.with(index, changed);
      onChange();
    });
  }

  /** The messages, the oldest first; undefined while the newest ones are on the screen. */
  get messages(): readonly Message[] | undefined {
    return this.#messages;
  }

  /** Loads a message and those around it. Throws a `RequestError`. */
  async load({ room, seq }: Message): Promise<void> {
    const around = await this.#client.call("chat.history", { room, cursor: seq + 1 + MESSAGES_AFTER });
    const isThere = around.messages.some((message) => message.seq === seq);
    // long messages may fill the response before it: then it is the last one
    const page = isThere ? around : await this.#client.call("chat.history", { room, cursor: seq + 1 });
    this.#messages = page.messages;
  }

  clear(): void {
    this.#messages = undefined;
  }
}

function isSame(one: Message, other: Message): boolean {
  return one.room === other.room && one.epoch === other.epoch && one.seq === other.seq;
}
