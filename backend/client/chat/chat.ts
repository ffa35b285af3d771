import { type Emitted, RequestError, type SiteClient } from "../index.ts";
import type { PresenceState } from "./chat-types.ts";
import { Outbox, type OutboxStorage, type Pending } from "./outbox.ts";
import { People, type Typist } from "./people.ts";
import { type RoomView, viewRoom } from "./room-view.ts";
import { Rooms } from "./rooms.ts";
import type { Timeline } from "./timeline.ts";

/** A text to all users; it is not stored. */
export type Announcement = Emitted["serverMessage"];

export interface ChatClientOptions {
  /** Joins all rooms that the user is in, so that the messages and mentions of all of them arrive. */
  readonly follow?: boolean;
  /** Stores messages that are not sent yet, for example a browser's `sessionStorage`; without it, only memory does. */
  readonly storage?: OutboxStorage;
}

/**
 * The chat as a program uses it, over a client: it continues each room after an interruption, keeps messages while
 * there is no connection, and sends each of them once.
 */
export class Chat {
  readonly #client: SiteClient;
  readonly #outbox: Outbox;
  readonly #rooms: Rooms;
  readonly #people: People;

  /** Throws when a user is signed in to the client. */
  constructor(client: SiteClient, { follow = false, storage }: ChatClientOptions = {}) {
    this.#client = client;
    this.#outbox = new Outbox({
      send: async ({ room, text, clientId }) => {
        this.#rooms.take((await client.call("chat.send", { room, text, clientId })).message);
      },
      onChange: () => client.changed(),
      backoff: client.backoff,
      storage,
    });
    this.#people = new People(client);
    this.#rooms = new Rooms({
      client,
      follow,
      onList: (list) => this.#people.takeList(client.user?.id, list),
      onResumed: () => this.#people.readMissed(),
      onStored: (messages) => {
        const ownMessages = messages.filter(({ author }) => author.id === client.user?.id);
        this.#outbox.remove(...ownMessages.map(({ clientId }) => clientId));
      },
    });
    this.#addToClient();
  }

  /** Messages of all rooms that are not acknowledged yet. */
  get pending(): readonly Pending[] {
    return this.#outbox.pending;
  }

  /** The rooms that the user is in or invited to. */
  get rooms(): readonly RoomView[] {
    const userId = this.#client.user?.id ?? "";
    return this.#rooms.list.map((summary) =>
      viewRoom({ summary, timeline: this.timeline(summary.room), people: this.#people, userId }),
    );
  }

  /** The messages of a room that was joined: after an interruption, those that were missed too. */
  timeline(room: string): Timeline | undefined {
    return this.#rooms.timeline(room);
  }

  /** Joins a room and returns its key. The client joins it again after every interruption. */
  join(room: string): Promise<string> {
    return this.#rooms.join(room);
  }

  /** Joins a room if necessary, loads its newest messages if none are here, and returns its key. */
  open(room: string): Promise<string> {
    return this.#rooms.open(room);
  }

  /** Reads the list of rooms again. The client does so after every interruption and change of a membership. */
  refresh(): Promise<void> {
    return this.#rooms.refresh();
  }

  leave(room: string): Promise<void> {
    return this.#rooms.leave(room);
  }

  /** Loads a page of older messages. */
  older(room: string): Promise<void> {
    return this.#rooms.older(room);
  }

  /**
   * Accepts a message and sends it when there is a connection. Until it is stored, it is in `pending`. Throws
   * `OUTBOX_FULL` when too many messages wait.
   */
  send(room: string, text: string): Pending {
    this.#people.messageSent(room);
    return this.#outbox.add(room, text);
  }

  /** Waits until all messages are stored. Rejects with `NOT_SENT` when one is refused, `SIGN_IN` without a session. */
  untilSent(): Promise<void> {
    return this.#client.untilTrue(() => {
      const failed = this.pending.find(({ state }) => state === "failed");
      if (failed) throw new RequestError("NOT_SENT", failed.problem ?? "A message could not be sent.");
      return this.pending.length === 0;
    });
  }

  /** Tries to send a failed message again, with the same client id. */
  retry(clientId: string): void {
    this.#outbox.retry(clientId);
  }

  /** Removes a failed message. */
  discard(clientId: string): void {
    this.#outbox.remove(clientId);
  }

  /** Whether a user is present; known for the users in watched and in small rooms. */
  presenceOf(user: string): PresenceState {
    return this.#people.stateOf(user);
  }

  /** The users who are writing in a room now. */
  typists(room: string): readonly Typist[] {
    return this.#people.typists(room);
  }

  /** How far each user has read a room, as far as it is known; the user's own mark is among them. */
  marks(room: string): ReadonlyMap<string, number> {
    return this.#people.marks(room);
  }

  /** Reads who of a room is present and how far each has read, now and after interruptions. Throws a `RequestError`. */
  watch(room: string): Promise<void> {
    return this.#people.watch(room);
  }

  unwatch(room: string): void {
    this.#people.unwatch(room);
  }

  /** Reports to the others in a room that the user is writing. To be called with every key. */
  typing(room: string): void {
    this.#people.typing(room);
  }

  /** Marks all messages of a room that are here as read. Other devices and, in small rooms, the others get the mark. */
  read(room: string): void {
    const position = this.timeline(room)?.position;
    const { user } = this.#client;
    if (position && user) this.#people.read(room, user.id, position);
  }

  /** Reports whether the user looks at something else, for example because the page is hidden. */
  away(isAway: boolean): void {
    this.#people.away(isAway);
  }

  /** Sends a text to all users who are connected. For moderators. Throws a `RequestError`. */
  async announce(text: string): Promise<void> {
    await this.#client.call("chat.sendMessageToAll", { text });
  }

  /** Connects the chat's state with the client's session, connection and events. */
  #addToClient(): void {
    const [people, rooms, outbox] = [this.#people, this.#rooms, this.#outbox];
    this.#client.add({
      listeners: {
        message: (message) => {
          people.stopTyping(message.room, message.author.id);
          rooms.take(message);
        },
        messageChanged: (message) => rooms.change(message),
        membership: (membership) => rooms.membership(membership),
        presence: (presence) => people.takePresence(presence),
        typing: (typing) => people.takeTyping(typing),
        read: (marks) => people.takeMarks(marks),
      },
      handshake: () => ({ state: people.stateForHandshake() }),
      onSignedIn: ({ id }) => outbox.open(id),
      onOnline: () => {
        people.reportPending();
        rooms.resumeAll();
        outbox.setOnline(true);
      },
      onOffline: () => outbox.setOnline(false),
      onSignedOut: (isFinal) => {
        rooms.close();
        people.close();
        outbox.close(isFinal);
      },
    });
  }
}
