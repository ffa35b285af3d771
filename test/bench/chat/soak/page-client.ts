import { io } from "socket.io-client";
import { Chat } from "../../../../backend/client/chat/index.ts";
import { SiteClient } from "../../../../backend/client/index.ts";
import { type Account, PASSWORD } from "../site/accounts.ts";
import type { Ledger, Sent } from "./ledger.ts";

/** The page's own client, as users have it: it sends now and then, and keeps all that it shows. */
export class PageClient {
  readonly name: string;
  readonly room: string;
  readonly client: SiteClient;
  readonly #chat: Chat;
  readonly #sent: Sent;
  readonly #ledger: Ledger;
  /** Numbers of own messages that are not shown as stored, by client id. */
  readonly #waiting = new Map<string, number>();
  #next = 0;
  #checked = 0;

  constructor(name: string, url: string, room: string, ledger: Ledger) {
    this.name = name;
    this.room = room;
    this.#ledger = ledger;
    this.#sent = ledger.author(name, true);
    this.client = new SiteClient({
      url,
      connect: (how) => io(url, how),
      onChange: () => this.#changed(),
      onSignedOut: () => ledger.wrong("signed out", name),
    });
    this.#chat = new Chat(this.client);
  }

  async open({ email }: Account): Promise<void> {
    await this.client.login({ email, password: PASSWORD });
    while (this.client.state !== "online") await new Promise((resolve) => setTimeout(resolve, 20));
    await this.#chat.join(this.room);
    // the page shows it from its first message here on
    this.#checked = this.#chat.timeline(this.room)?.position?.cursor ?? 0;
  }

  get cursor(): number {
    return this.#chat.timeline(this.room)?.position?.cursor ?? 0;
  }

  get pending(): number {
    return this.#chat.pending.length;
  }

  write(): void {
    const n = this.#next++;
    this.#sent.at[n] = performance.now();
    this.#waiting.set(this.#chat.send(this.room, `${this.name}-${n}`).clientId, n);
  }

  /** Texts of the messages that it shows, by number in the room. */
  shown(): ReadonlyMap<number, string> {
    return new Map(this.#chat.timeline(this.room)?.messages.map(({ seq, text }) => [seq, text]));
  }

  /** Messages that are acknowledged and that this client does not show. */
  get unseen(): readonly string[] {
    const pending = new Set(this.#chat.pending.map(({ clientId }) => clientId));
    return [...this.#waiting].filter(([id]) => !pending.has(id)).map(([, n]) => `${this.name}-${n}`);
  }

  /** Notes what is acknowledged and what is shown since the last look. */
  #changed(): void {
    const messages = this.#chat.timeline(this.room)?.messages ?? [];
    const first = messages[0]?.seq ?? 0;
    for (const message of messages.slice(Math.max(0, this.#checked + 1 - first))) {
      if (message.seq !== this.#checked + 1 && message.seq !== first)
        this.#ledger.wrong("reordered", `${this.name} shows ${message.seq} after ${this.#checked}`);
      this.#checked = message.seq;
      this.#ledger.place(message, this.name);
      const n = this.#waiting.get(message.clientId);
      if (n === undefined) continue;
      this.#waiting.delete(message.clientId);
      this.#sent.seq[n] = message.seq;
      this.#sent.acknowledgedAt[n] = performance.now();
    }
  }
}
