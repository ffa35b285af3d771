import { type Announcement, Chat, type ChatClientOptions } from "../../../../backend/client/chat/index.ts";
import type { ClientOptions } from "../../../../backend/client/index.ts";
import { TestClient } from "../test-client.ts";

/** A client with the chat, whose changes can be waited for. */
export class Watched extends TestClient {
  readonly chat: Chat;
  readonly announcements: Announcement[] = [];
  /** Messages that were shown as waiting and as stored at once. */
  readonly doubled: string[] = [];

  constructor(url: string, options: Partial<ClientOptions & ChatClientOptions> = {}) {
    super(url, options);
    this.chat = new Chat(this, options);
    this.on("serverMessage", (announcement) => {
      this.announcements.push(announcement);
      this.check();
    });
  }

  protected override check(): void {
    for (const { room, clientId } of this.chat.pending) {
      const isStored = this.chat.timeline(room)?.messages.some((message) => message.clientId === clientId);
      if (isStored) this.doubled.push(clientId);
    }
    super.check();
  }

  texts(room: string): string[] {
    return this.chat.timeline(room)?.messages.map(({ text }) => text) ?? [];
  }
}
