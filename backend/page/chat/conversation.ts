import { type Announcement, type ChatClient, type Message, RequestError, type Timeline } from "../../client/index.ts";
import type { Pictures } from "../pictures.ts";
import { element, presenceMark } from "../view.ts";
import { connectComposer } from "./composer.ts";
import { connectMembers, type Person } from "./members.ts";
import { connectMessageActions } from "./message-actions.ts";
import { MessageExcerpt } from "./message-excerpt.ts";
import { focusMessage, type Item, showMessages, timeOf } from "./message-list.ts";
import { LOBBY, type RoomList } from "./room-list.ts";
import { SearchPanel } from "./search-panel.ts";

/** Pixels from the end at which one still counts as reading along. */
const NEAR_END = 80;
/** Names in the lines below the messages; more are counted. */
const NAMED = 3;

/** The room on the screen: its messages, what one writes, and what there is to do in it. */
export class Conversation {
  readonly #client: ChatClient;
  readonly #rooms: RoomList;
  readonly #scroller = element("scroller", HTMLElement);
  readonly #messages = element("messages", HTMLElement);
  readonly #older = element("older", HTMLButtonElement);
  readonly #newest = element("newest", HTMLButtonElement);
  readonly #text = element("text", HTMLTextAreaElement);
  readonly #actions: Parameters<typeof showMessages>[3];
  readonly #search: SearchPanel;
  /** Older messages that are on the screen in place of the newest ones. */
  readonly #excerpt: MessageExcerpt;
  /** What is being written in the rooms that are not on the screen. */
  readonly #drafts = new Map<string, string>();
  #active = LOBBY;
  /** The place in a room from which its newest page has been asked for. */
  #filled = "";
  #announcements: readonly Announcement[] = [];

  constructor(client: ChatClient, rooms: RoomList, pictures: Pictures) {
    this.#client = client;
    this.#rooms = rooms;
    const { about } = connectMembers(client, rooms, pictures, () => this.#active);
    this.#actions = {
      retry: (clientId) => client.retry(clientId),
      discard: (clientId) => client.discard(clientId),
      choose: connectMessageActions(client, rooms),
      about: (author) => about(author, this.#active),
      pictureOf: (user) => pictures.urlOf(user),
    };
    connectComposer({
      onSend: (text) => {
        client.send(this.#active, text);
        this.#excerpt.clear();
        this.render();
        this.#toEnd();
      },
      onWriting: () => client.typing(this.#active),
      people: () => this.#people(),
    });
    this.#excerpt = new MessageExcerpt(client, () => this.render());
    this.#search = new SearchPanel({
      client,
      active: () => this.#active,
      jump: (message) => this.#jumpTo(message),
    });
    this.#connectScrolling();
    element("leave", HTMLButtonElement).addEventListener("click", () => {
      // without a connection there is nothing to leave
      client.leave(this.#active).catch(() => undefined);
      this.show(LOBBY);
    });
  }

  get active(): string {
    return this.#active;
  }

  /** Shows a room from its newest message on. */
  show(room: string): void {
    this.#turnTo(room);
    this.#excerpt.clear();
    this.watch();
    // what cannot be had now comes with the next connection
    this.#client.open(room).catch(() => undefined);
    this.render();
    this.#toEnd();
    this.#markRead();
    this.#text.focus();
  }

  /** Learns who is there and who has read what, in the room on the screen. */
  watch(): void {
    // what is not known is not shown
    this.#client.watch(this.#active).catch(() => undefined);
  }

  announce(announcement: Announcement): void {
    this.#announcements = [...this.#announcements, announcement];
  }

  /** The user has signed out. */
  forget(): void {
    this.#turnTo(LOBBY);
    this.#excerpt.clear();
    this.#search.close();
    this.#text.value = "";
    this.#drafts.clear();
    this.#announcements = [];
    this.#filled = "";
  }

  render(): void {
    const { user } = this.#client;
    if (!user) return;
    if (this.#rooms.rooms.length > 0 && !this.#rooms.find(this.#active)) this.#turnTo(LOBBY);
    const timeline = this.#client.timeline(this.#active);
    if (timeline?.messages.length === 0 && timeline.hasOlder) void this.#fill(timeline);
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

  /** All that is here of the room, from the oldest to what is not sent yet. */
  #newestItems(timeline: Timeline | undefined): readonly Item[] {
    const items: Item[] = [
      ...(timeline?.messages ?? []).map((message) => ({ kind: "message", message }) as const),
      ...this.#announcements.map((announcement) => ({ kind: "announcement", announcement }) as const),
    ].sort((a, b) => timeOf(a) - timeOf(b));
    for (const pending of this.#client.pending)
      if (pending.room === this.#active) items.push({ kind: "pending", pending });
    return items;
  }

  /** Shows a message that was found, among those around it. Throws a `RequestError`. */
  async #jumpTo(message: Message): Promise<void> {
    const timeline = this.#client.timeline(message.room);
    const isHere = timeline?.messages.some(({ epoch, seq }) => epoch === message.epoch && seq === message.seq);
    if (isHere) this.#excerpt.clear();
    else await this.#excerpt.load(message);
    if (message.room !== this.#active) return this.#excerpt.clear();
    this.render();
    focusMessage(this.#messages, message, this.#client.user?.id ?? "");
  }

  /** Gets the newest page of the room on the screen: of a room in which all has been read nothing comes by itself. */
  async #fill({ room, first }: Timeline): Promise<void> {
    const place = `${room} ${first}`;
    if (place === this.#filled) return;
    this.#filled = place;
    try {
      await this.#client.older(room);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#filled = ""; // the next look tries again; meanwhile the button for earlier messages is there
    }
  }

  /** Another room is the one on the screen; what was being written stays with its room. */
  #turnTo(room: string): void {
    if (room === this.#active) return;
    this.#client.unwatch(this.#active);
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
    const names = this.#client
      .typists(this.#active)
      .filter(({ id }) => id !== me)
      .map(({ name }) => name);
    const words = names.length === 0 ? "" : `${listed(names)} ${names.length === 1 ? "is" : "are"} writing …`;
    const line = element("typing", HTMLElement);
    if (line.textContent !== words) line.textContent = words;
  }

  /** Under one's own newest message: who has seen it, where that is known. */
  #renderSeen(me: string): void {
    const newest = this.#client.timeline(this.#active)?.messages.at(-1);
    const line = element("seen-by", HTMLElement);
    const seen =
      newest?.author.id === me
        ? [...this.#client.marks(this.#active)].filter(([id, seq]) => id !== me && seq >= newest.seq).map(([id]) => id)
        : [];
    const names = new Map(this.#people().map(({ id, name }) => [id, name]));
    const known = seen.flatMap((id) => names.get(id) ?? []);
    const isDirect = this.#rooms.find(this.#active)?.kind === "direct";
    const words = seen.length === 0 ? "" : isDirect ? "Seen" : `Seen by ${listed(known, seen.length)}`;
    if (line.textContent !== words) line.textContent = words;
  }

  /** The authors of the messages shown, the latest first, without the user. */
  #people(): readonly Person[] {
    const people = new Map<string, Person>();
    for (const { author } of (this.#client.timeline(this.#active)?.messages ?? []).toReversed()) {
      if (author.id !== this.#client.user?.id && !people.has(author.id)) people.set(author.id, author);
    }
    return [...people.values()];
  }

  #connectScrolling(): void {
    this.#older.addEventListener("click", async () => {
      const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
      this.#older.disabled = true;
      await this.#client.older(this.#active).catch((error: unknown) => {
        if (!(error instanceof RequestError)) throw error; // the button stays, to be tried again
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
    this.#scroller.addEventListener("scroll", () => {
      if (!this.#excerpt.messages && this.#isAtEnd() && (this.#rooms.find(this.#active)?.unread ?? 0) > 0) {
        this.#markRead();
        this.#newest.hidden = true;
      }
    });
  }

  #isAtEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  #toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#newest.hidden = true;
  }

  #markRead(): void {
    this.#client.read(this.#active);
  }
}

/** Some names in words, of `count` people. */
function listed(names: readonly string[], count: number = names.length): string {
  const shown = names.slice(0, NAMED);
  const more = count - shown.length;
  if (shown.length === 0) return String(more);
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return shown.length === 1 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
