import { announce, type ContextOf, type Handlers, type ResultOf, refuse } from "../contract/index.ts";
import { requireValid } from "../contract/require-valid.ts";
import { checkMessageText } from "../text/text.ts";
import type { AuditTrail } from "../users/index.ts";
import { newestMessagesThatFit } from "./catch-up.ts";
import { messageChanged, messageSent } from "./channel.ts";
import { MAX_MENTIONS, possibleNames } from "./mention.ts";
import { checkClientId, EDIT_WINDOW_MS } from "./message.ts";
import { MODERATOR_RANK, NOT_A_MEMBER_RANK, rankOf, SITE_MODERATOR_RANK } from "./moderation.ts";
import { assertMayWrite, type ChatParts, notInRoomError, requireMembership, requireRoomKey } from "./room-access.ts";
import type { Message } from "./shapes.ts";

type MessageParts = ChatParts & {
  readonly audit: AuditTrail;
  /** Maximum bytes of one user's messages. */
  readonly quota: number;
};
type Messages = Pick<Handlers<"chat">, "history" | "send" | "edit" | "delete" | "sendMessageToAll">;

/** Sending messages, editing and deleting them. */
export function chatMessages(parts: MessageParts): Messages {
  const actions = new MessageActions(parts);
  return {
    history: (ctx) => actions.history(ctx),
    send: (ctx) => actions.send(ctx),
    edit: (ctx) => actions.edit(ctx),
    delete: (ctx) => actions.delete(ctx),
    sendMessageToAll: (ctx) => actions.sendMessageToAll(ctx),
  };
}

class MessageActions implements Messages {
  readonly #parts: MessageParts;

  constructor(parts: MessageParts) {
    this.#parts = parts;
  }

  async history(ctx: ContextOf<"chat.history">): Promise<ResultOf<"chat.history">> {
    const { store } = this.#parts;
    const { room } = await requireMembership(store, ctx);
    const { key, epoch, seq, revision } = room;
    const messages = await newestMessagesThatFit(store, key, ctx.params.cursor);
    return { room: key, epoch, seq, revision, messages, changed: [], recovered: true };
  }

  async send(ctx: ContextOf<"chat.send">): Promise<ResultOf<"chat.send">> {
    const { store, clock, quota } = this.#parts;
    const room = requireRoomKey(ctx);
    const text = requireValid("text", checkMessageText(ctx.params.text));
    const at = clock();
    const { id: authorId, sid } = ctx.meta.user;
    const draft = {
      room,
      clientId: requireValid("clientId", checkClientId(ctx.params.clientId)),
      text,
      authorId,
      sid,
      at,
      mentions: await this.#idsMentionedIn(room, text),
      quota,
    };
    const { message, repeated } = await store.messages.append(draft, (standing, storedBytes) => {
      assertMayWrite(standing, at);
      this.#assertWithinQuota(storedBytes);
    });
    const isSame = message.room === room && (message.revision !== undefined || message.text === text);
    if (repeated && !isSame) throw refuse("CLIENT_ID_USED", { field: "clientId" });
    // also a repeated message: the node that stored it may have died before the broadcast. No socket gets it twice
    await announce(ctx.broker, "sockets.broadcast", messageSent(message));
    return { message };
  }

  async edit(ctx: ContextOf<"chat.edit">): Promise<ResultOf<"chat.edit">> {
    const { store, clock } = this.#parts;
    const room = requireRoomKey(ctx);
    const { user } = ctx.meta;
    const text = requireValid("text", checkMessageText(ctx.params.text));
    const mentions = await this.#idsMentionedIn(room, text);
    const now = clock();
    const message = await store.messages.change(room, ctx.params.seq, user, (standing, original, storedBytes) => {
      assertMayWrite(standing, now);
      const { author, at, text: before } = requireMessage(original);
      if (author.id !== user.id) throw refuse("FORBIDDEN");
      if (at + EDIT_WINDOW_MS <= now) throw refuse("TOO_LATE", { field: "seq" });
      const growth = Buffer.byteLength(text) - Buffer.byteLength(before);
      if (growth > 0) this.#assertWithinQuota(storedBytes + growth);
      return { text, mentions, editedAt: now };
    });
    await announce(ctx.broker, "sockets.broadcast", messageChanged(message));
    return { message };
  }

  async delete(ctx: ContextOf<"chat.delete">): Promise<ResultOf<"chat.delete">> {
    const { store, clock, audit } = this.#parts;
    const room = requireRoomKey(ctx);
    const { user } = ctx.meta;
    const now = clock();
    let ownRank = NOT_A_MEMBER_RANK;
    const message = await store.messages.change(room, ctx.params.seq, user, (standing, original) => {
      ownRank = standing ? rankOf(standing, user.roles) : NOT_A_MEMBER_RANK;
      if (ownRank === NOT_A_MEMBER_RANK) throw notInRoomError(standing);
      if (requireMessage(original).author.id !== user.id && ownRank < MODERATOR_RANK) throw refuse("FORBIDDEN");
      return { deletedAt: now };
    });
    if (ownRank === SITE_MODERATOR_RANK && message.author.id !== user.id)
      await audit(ctx, "message.removed", message.author.id, room);
    await announce(ctx.broker, "sockets.broadcast", messageChanged(message));
    return { message };
  }

  async sendMessageToAll(ctx: ContextOf<"chat.sendMessageToAll">): Promise<ResultOf<"chat.sendMessageToAll">> {
    const payload = { text: requireValid("text", checkMessageText(ctx.params.text)), at: this.#parts.clock() };
    await announce(ctx.broker, "sockets.broadcast", { event: "serverMessage", payload });
    return { sent: true };
  }

  /** Ids of the members that a text mentions. */
  #idsMentionedIn(room: string, text: string): Promise<readonly string[]> {
    return this.#parts.store.members.membersNamed(room, possibleNames(text), MAX_MENTIONS);
  }

  /** Throws when the messages of a user take too many bytes. */
  #assertWithinQuota(bytes: number): void {
    if (bytes > this.#parts.quota) throw refuse("MESSAGE_QUOTA");
  }
}

/** Returns the message. Throws when there is none, or it was deleted. */
export function requireMessage(message: Message | undefined): Message {
  if (!message) throw refuse("NOT_FOUND", { field: "seq" });
  if (message.deletedAt !== undefined) {
    throw refuse("MESSAGE_DELETED", { field: "seq" });
  }
  return message;
}
