import type { Announcement, Chat, Message, Timeline } from "../../client/chat/index.ts";
import { RequestError, type SiteClient } from "../../client/index.ts";
import type { Pictures } from "../pictures.ts";
import { element, onClick } from "../view.ts";
import { connectComposer } from "./composer.ts";
import { Members } from "./members.ts";
import { connectMessageActions } from "./message-actions.ts";
import { MessageExcerpt } from "./message-excerpt.ts";
import { focusMessage, type Item, type MessageListActions, showMessages, timeOf } from "./message-list.ts";
import type { Person } from "./person-dialog.ts";
import { presenceMark } from "./presence-mark.ts";
import { LOBBY, type RoomList } from "./room-list.ts";
import { SearchPanel } from "./search-panel.ts";

/** Pixels from the end within which new messages scroll into view by themselves. */
const NEAR_END_PX = 80;
/** Maximum number of names in the lines below the messages; more are counted. */
const MAX_NAMES = 3;

export interface ConversationOptions {
  readonly client: SiteClient;
  readonly chat: Chat;
  readonly rooms: RoomList;
  readonly pictures: Pictures;
}

/** The room on the screen: its messages, the field to write in, and what the user can do in it. */
export class Conversation {
  readonly #client: SiteClient;
  readonly #chat: Chat;
  readonly #rooms: RoomList;
  readonly #scroller = element("scroller", HTMLElement);
  readonly #messages = element("messages", HTMLElement);
  readonly #older = element("older", HTMLButtonElement);
  readonly #newest = element("newest", HTMLButtonElement);
  readonly #text = element("text", HTMLTextAreaElement);
  readonly #actions: MessageListActions;
  readonly #search: SearchPanel;
  /** Older messages that are on the screen in place of the newest ones. */
  readonly #excerpt: MessageExcerpt;
  /** Texts that are not sent yet, of the rooms that are not on the screen. */
  readonly #drafts = new Map<string, string>();
  #active = LOBBY;
  /** Whether the newest messages were in view when the user last scrolled. */
  #wasAtEnd = true;
  /** The room, and the position of its first message, for which older messages were requested last. */
  #loadedAt = "";
  #announcements: readonly Announcement[] = [];

  constructor({ client, chat, rooms, pictures }: ConversationOptions) {
    this.#client = client;
    this.#chat = chat;
    this.#rooms = rooms;
    const active = () => this.#active;
    const members = new Members({ client, chat, rooms, pictures, active });
    this.#actions = {
      retry: (clientId) => chat.retry(clientId),
      discard: (clientId) => chat.discard(clientId),
      choose: connectMessageActions(client, rooms),
      openPerson: (author) => members.openPerson(author, this.#active),
      pictureOf: (user) => pictures.urlOf(user),
    };
    connectComposer({
      onSend: (text) => {
        chat.send(this.#active, text);
        this.#excerpt.clear();
        this.render();
        this.#toEnd();
      },
      onWriting: () => chat.typing(this.#active),
      people: () => this.#people(),
    });
    this.#excerpt = new MessageExcerpt(client, () => this.render());
    this.#search = new SearchPanel({
      client,
      active,
      jump: (message) => this.#jumpTo(message),
    });
    this.#connectScrolling();
    onClick("leave", () => {
      // without a connection, the user stays in the room
      chat.leave(this.#active).catch(() => undefined);
      this.show(LOBBY);
    });
  }

  get active(): string {
    return this.#active;
  }

  /** Brings a room to the screen, with its newest messages. */
  show(room: string): void {
    this.#setActive(room);
    this.#excerpt.clear();
    this.watch();
    // what cannot be loaded now is loaded with the next connection
    this.#chat.open(room).catch(() => undefined);
    this.render();
    this.#toEnd();
    this.#markRead();
    this.#text.focus();
  }

  /** Reads who is present and how far each has read, in the room on the screen. */
  watch(): void {
    // after a failure, nothing is shown of it
    this.#chat.watch(this.#active).catch(() => undefined);
  }

  announce(announcement: Announcement): void {
    this.#announcements = [...this.#announcements, announcement];
  }

  /** Forgets all that belongs to the user who has signed out. */
  clear(): void {
    this.#setActive(LOBBY);
    this.#excerpt.clear();
    this.#search.close();
    this.#text.value = "";
    this.#drafts.clear();
    this.#announcements = [];
    this.#loadedAt = "";
  }

  render(): void {
    const { user } = this.#client;
    if (!user) return;
    if (this.#rooms.rooms.length > 0 && !this.#rooms.find(this.#active)) this.#setActive(LOBBY);
    const timeline = this.#chat.timeline(this.#active);
    if (timeline?.messages.length === 0 && timeline.hasOlder) void this.#loadNewest(timeline);
    const excerpt = this.#excerpt.messages;
    const atEnd = !excerpt && this.#isAtEnd();
    const items = excerpt?.map((message) => ({ kind: "message", message }) as const) ?? this.#newestItems(timeline);
    showMessages(this.#messages, items, user.id, this.#actions);
    this.#renderHead();
    this.#older.hidden = excerpt !== undefined || !timeline?.hasOlder;
    element("empty", HTMLElement).hidden = items.length > 0 || timeline === undefined || timeline.hasOlder;
    this.#newest.textContent = excerpt ? "Back to the newest messages" : "New messages";
    if (atEnd) this.#toEnd();
    else this.#newest.hidden = !excerpt && (this.#rooms.find(this.#active)?.unread ?? 0) === 0;
    if (atEnd && document.visibilityState === "visible") this.#markRead();
    this.#renderTyping(user.id);
    this.#renderSeen(user.id);
  }

  /** All messages of the room that are here, from the oldest to those that are not sent yet. */
  #newestItems(timeline: Timeline | undefined): readonly Item[] {
    const items: Item[] = [
      ...(timeline?.messages ?? []).map((message) => ({ kind: "message", message }) as const),
      ...this.#announcements.map((announcement) => ({ kind: "announcement", announcement }) as const),
    ].sort((a, b) => timeOf(a) - timeOf(b));
    for (const pending of this.#chat.pending)
      if (pending.room === this.#active) items.push({ kind: "pending", pending });
    return items;
  }

  /** Shows a message that was found, among those around it. Throws a `RequestError`. */
  async #jumpTo(message: Message): Promise<void> {
    const timeline = this.#chat.timeline(message.room);
    const isHere = timeline?.messages.some(({ epoch, seq }) => epoch === message.epoch && seq === message.seq);
    if (isHere) this.#excerpt.clear();
    else await this.#excerpt.load(message);
    if (message.room !== this.#active) return this.#excerpt.clear();
    this.render();
    focusMessage(this.#messages, message, this.#client.user?.id ?? "");
  }

  /** Loads the newest page of the room on the screen: a room in which all was read is joined without messages. */
  async #loadNewest({ room, first }: Timeline): Promise<void> {
    const place = `${room} ${first}`;
    if (place === this.#loadedAt) return;
    this.#loadedAt = place;
    try {
      await this.#chat.older(room);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#loadedAt = ""; // the next rendering tries again; until then the button for earlier messages is shown
    }
  }

  /** Makes another room the one on the screen. A text that is not sent stays with its room. */
  #setActive(room: string): void {
    if (room === this.#active) return;
    this.#chat.unwatch(this.#active);
    this.#excerpt.clear();
    this.#search.close();
    this.#drafts.set(this.#active, this.#text.value);
    this.#text.value = this.#drafts.get(room) ?? "";
    this.#active = room;
  }

  #renderHead(): void {
    const summary = this.#rooms.find(this.#active);
    element("room-name", HTMLElement).textContent = summary?.title ?? this.#active;
    const mark = element("room-presence", HTMLElement);
    mark.hidden = summary?.peerId === undefined;
    presenceMark(mark, summary?.peerState ?? "offline");
    element("leave", HTMLButtonElement).hidden = this.#active === LOBBY;
    const mutedUntil = summary?.mutedUntil ?? 0;
    const isMuted = mutedUntil > Date.now();
    this.#text.placeholder = isMuted ? "You may not write here at the moment" : "Write a message";
  }

  #renderTyping(me: string): void {
    const names = this.#chat
      .typists(this.#active)
      .filter(({ id }) => id !== me)
      .map(({ name }) => name);
    const words = names.length === 0 ? "" : `${joinNames(names)} ${names.length === 1 ? "is" : "are"} writing …`;
    const line = element("typing", HTMLElement);
    if (line.textContent !== words) line.textContent = words;
  }

  /** Shows below the user's own newest message who has seen it, as far as it is known. */
  #renderSeen(me: string): void {
    const newest = this.#chat.timeline(this.#active)?.messages.at(-1);
    const line = element("seen-by", HTMLElement);
    const seen =
      newest?.author.id === me
        ? [...this.#chat.marks(this.#active)].filter(([id, seq]) => id !== me && seq >= newest.seq).map(([id]) => id)
        : [];
    const names = new Map(this.#people().map(({ id, name }) => [id, name]));
    const known = seen.flatMap((id) => names.get(id) ?? []);
    const isDirect = this.#rooms.find(this.#active)?.kind === "direct";
    const words = seen.length === 0 ? "" : isDirect ? "Seen" : `Seen by ${joinNames(known, seen.length)}`;
    if (line.textContent !== words) line.textContent = words;
  }

  /** The authors of the messages shown, the latest first, without the user. */
  #people(): readonly Person[] {
    const people = new Map<string, Person>();
    for (const { author } of (this.#chat.timeline(this.#active)?.messages ?? []).toReversed()) {
      if (author.id !== this.#client.user?.id && !people.has(author.id)) people.set(author.id, author);
    }
    return [...people.values()];
  }

  #connectScrolling(): void {
    this.#older.addEventListener("click", async () => {
      const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
      this.#older.disabled = true;
      await this.#chat.older(this.#active).catch((error: unknown) => {
        if (!(error instanceof RequestError)) throw error; // the button stays for another attempt
      });
      this.#older.disabled = false;
      this.render();
      this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
    });
    this.#newest.addEventListener("click", () => {
      this.#excerpt.clear();
      this.render();
      this.#toEnd();
      this.#markRead();
    });
    // the field for messages grows, the search opens, or a phone shows its keyboard: the newest messages stay in view
    new ResizeObserver(() => {
      if (this.#wasAtEnd && !this.#excerpt.messages) this.#toEnd();
    }).observe(this.#scroller);
    this.#scroller.addEventListener("scroll", () => {
      this.#wasAtEnd = this.#isAtEnd();
      if (!this.#excerpt.messages && this.#isAtEnd() && (this.#rooms.find(this.#active)?.unread ?? 0) > 0) {
        this.#markRead();
        this.#newest.hidden = true;
      }
    });
  }

  #isAtEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  #toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#newest.hidden = true;
  }

  #markRead(): void {
    this.#chat.read(this.#active);
  }
}

/** Joins some names of `count` people: "Ada, Bob and 3 more". */
function joinNames(names: readonly string[], count: number = names.length): string {
  const shown = names.slice(0, MAX_NAMES);
  const more = count - shown.length;
  if (shown.length === 0) return String(more);
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return shown.length === 1 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
