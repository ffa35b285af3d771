import { io } from "socket.io-client";
import { type Announcement, ChatClient, type ClientOptions } from "../../../../backend/client/index.ts";

/** A client whose changes can be waited for. */
export class Watched extends ChatClient {
  readonly announcements: Announcement[] = [];
  signedOut = 0;
  /** Messages that were shown as waiting and as stored at once. */
  readonly doubled: string[] = [];
  readonly #checks = new Set<() => void>();

  constructor(url: string, options: Partial<ClientOptions> = {}) {
    super({
      url,
      connect: (how) => io(url, how),
      backoff: { first: 20, most: 100 },
      onChange: () => this.#check(),
      onSignedOut: () => {
        this.signedOut += 1;
        this.#check();
      },
      ...options,
    });
    this.on("serverMessage", (announcement) => {
      this.announcements.push(announcement);
      this.#check();
    });
  }

  #check(): void {
    for (const { room, clientId } of this.pending) {
      const isStored = this.timeline(room)?.messages.some((message) => message.clientId === clientId);
      if (isStored) this.doubled.push(clientId);
    }
    for (const check of this.#checks) check();
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }

  async online(): Promise<this> {
    await this.until(() => this.state === "online");
    return this;
  }

  texts(room: string): string[] {
    return this.timeline(room)?.messages.map(({ text }) => text) ?? [];
  }
}
