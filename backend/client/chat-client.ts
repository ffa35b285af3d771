import type { Emitted, ParamsOf, PresenceState, Profile, ResultOf, RoomSummary } from "../contract/actions.ts";
import type { SocketAction } from "../surface.ts";
import { type Connect, Connection, type ConnectionOptions } from "./connection.ts";
import { type Keep, Outbox, type Pending } from "./outbox.ts";
import { People, type Typist } from "./people.ts";
import { BACKOFF, type Backoff, type Fetch, isUnauthorized, RequestError } from "./requests.ts";
import { Rooms } from "./rooms.ts";
import { ClientSession, type Endpoints, signIn } from "./session.ts";
import type { Timeline } from "./timeline.ts";

/** Whether somebody is signed in, and whether the server can be reached for them. */
export type ClientState = "signedOut" | "connecting" | "online" | "reconnecting";

/** Something said to everybody; it is not stored. */
export type Announcement = Emitted["serverMessage"];

/** What the server tells a client, by name. */
export type ClientEvent = Exclude<keyof Emitted, "drain">;

/** A room of one's own list. */
export interface RoomView extends RoomSummary {
  /** Messages of others that have not been read. */
  readonly unread: number;
  /** Those among them, of the messages that are here, that mention one. */
  readonly mentions: number;
}

export interface ClientOptions {
  readonly connect: Connect;
  /** Where the server is; the page's own origin when left out. */
  readonly url?: string;
  /** How HTTP requests are made; the global `fetch` when left out. */
  readonly fetch?: Fetch;
  /** Anything that can be seen has changed. */
  readonly onChange?: () => void;
  readonly onAnnouncement?: (announcement: Announcement) => void;
  /** Something has happened to the user's membership in a room. */
  readonly onMembership?: (membership: Emitted["membership"]) => void;
  /** The session ended without being asked to. */
  readonly onSignedOut?: () => void;
  /** Milliseconds before its end at which the access token is renewed; a minute when left out. */
  readonly renewBefore?: number;
  /** Waits between two tries to reach the server. */
  readonly backoff?: Backoff;
  /** Joins every room one is in by itself, so that messages, unread marks and mentions of all of them arrive. */
  readonly follow?: boolean;
  /**
   * Keeps messages that are not sent yet, a browser's `sessionStorage` for one; they live in memory alone when left
   * out.
   */
  readonly keep?: Keep;
}

const RENEW_BEFORE = 60_000;

/**
 * The chat as a program sees it: signs in, keeps the access token fresh, keeps one socket open, comes back to every
 * room where it left off, keeps messages while there is no connection and sends each once.
 */
export class ChatClient {
  readonly #options: ClientOptions;
  readonly #session: ClientSession;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #rooms: Rooms;
  readonly #people: People;
  readonly #listeners = new Map<ClientEvent, Set<(payload: never) => void>>();
  readonly #waiting = new Set<() => void>();
  #state: ClientState = "signedOut";

  constructor(options: ClientOptions) {
    this.#options = options;
    const backoff = options.backoff ?? BACKOFF;
    const onChange = () => this.#changed();
    this.#session = new ClientSession({
      url: options.url ?? "",
      fetch: options.fetch,
      renewBefore: options.renewBefore ?? RENEW_BEFORE,
      backoff,
      onToken: (token) => this.#hasToken(token),
      onEnded: () => {
        this.#forget(false);
        options.onSignedOut?.();
      },
    });
    this.#connection = new Connection({
      connect: options.connect,
      session: this.#session,
      backoff,
      state: () => this.#people.connecting(),
      onOnline: () => {
        this.#become("online");
        this.#people.online();
        this.#rooms.online();
        this.#outbox.online(true);
      },
      onOffline: () => {
        this.#outbox.online(false);
        this.#become("reconnecting");
      },
      on: this.#handlers(),
    });
    this.#rooms = new Rooms({
      connection: this.#connection,
      backoff,
      follow: options.follow ?? false,
      onChange,
      onList: (list) => this.#people.takeList(this.user?.id, list),
      onBack: () => this.#people.back(),
      onStored: (messages) => {
        const own = messages.filter(({ author }) => author.id === this.user?.id);
        this.#outbox.remove(...own.map(({ clientId }) => clientId));
      },
    });
    this.#people = new People({ connection: this.#connection, backoff, onChange });
    this.#outbox = new Outbox({
      send: async ({ room, text, clientId }) => {
        this.#rooms.take((await this.call("chat.send", { room, text, clientId })).message);
      },
      onChange,
      backoff,
      keep: options.keep,
    });
  }

  get state(): ClientState {
    return this.#state;
  }

  get user(): Profile | undefined {
    return this.#session.user;
  }

  /**
   * Calls a listener with everything of one kind that the server tells, after the client's own state has changed.
   * Events are not repeated after an interruption; `timeline` has what was missed. Returns how to stop.
   */
  on<E extends ClientEvent>(event: E, listener: (payload: Emitted[E]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** Waits until there is a connection. Throws `SIGN_IN` when no user is signed in, or no longer. */
  untilOnline(): Promise<void> {
    return this.#until(() => {
      if (this.#state === "signedOut") throw signIn();
      return this.#state === "online";
    });
  }

  /** Waits until every message is stored. Throws `NOT_SENT` when one cannot be, and `SIGN_IN` without a session. */
  untilSent(): Promise<void> {
    return this.#until(() => {
      if (this.#state === "signedOut") throw signIn();
      const failed = this.pending.find(({ state }) => state === "failed");
      if (failed) throw new RequestError("NOT_SENT", failed.problem ?? "A message could not be sent.");
      return this.pending.length === 0;
    });
  }

  /** Messages that are not acknowledged yet, of all rooms. */
  get pending(): readonly Pending[] {
    return this.#outbox.pending;
  }

  /** The rooms one is in or invited to, with what is unread by now. */
  get rooms(): readonly RoomView[] {
    return this.#rooms.list.map((summary) => ({ ...summary, ...this.#peer(summary), ...this.#unread(summary) }));
  }

  /** A room that has been joined. */
  timeline(room: string): Timeline | undefined {
    return this.#rooms.timeline(room);
  }

  register(params: ParamsOf<"users.register">): Promise<void> {
    return this.#session.enter("POST /api/auth/register", params);
  }

  login(params: ParamsOf<"users.login">): Promise<void> {
    return this.#session.enter("POST /api/auth/login", params);
  }

  /** Takes up the session that the browser's cookie holds; false when there is none. */
  async restore(): Promise<boolean> {
    try {
      await this.#session.enter("POST /api/auth/refresh", {});
      return true;
    } catch (error) {
      if (isUnauthorized(error)) return false;
      throw error;
    }
  }

  /**
   * Ends the session. Throws when the server cannot be told: then it goes on, here as well, or a reload would bring it
   * back.
   */
  async logout(): Promise<void> {
    if (!this.user) return;
    try {
      await this.request("POST /api/auth/logout", {});
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
    }
    this.#forget(true);
  }

  /**
   * Forgets everything, without ending the session on the server. Messages that were kept wait for the user to come
   * back.
   */
  close(): void {
    this.#forget(false);
  }

  /** Joins a room; answers the room's one name. Rooms are joined again by themselves after every interruption. */
  join(room: string): Promise<string> {
    return this.#rooms.join(room);
  }

  /**
   * Shows a room: joins it if need be, and gets its newest page if nothing of it is here. Answers the room's one name.
   */
  open(room: string): Promise<string> {
    return this.#rooms.open(room);
  }

  /** Reads the list of rooms again; it is also read after every interruption and whenever one's membership changes. */
  refresh(): Promise<void> {
    return this.#rooms.refresh();
  }

  leave(room: string): Promise<void> {
    return this.#rooms.leave(room);
  }

  /** Gets a page of older messages. */
  older(room: string): Promise<void> {
    return this.#rooms.older(room);
  }

  /**
   * Takes the message; it goes out now or when there is a connection again, and shows among `pending` until it is
   * stored. Throws `OUTBOX_FULL` when too many are waiting.
   */
  send(room: string, text: string): Pending {
    this.#people.sent(room);
    return this.#outbox.add(room, text);
  }

  /** Whether somebody is there, of the people in watched and in small rooms. */
  presenceOf(user: string): PresenceState {
    return this.#people.stateOf(user);
  }

  /** Who is writing in a room now. */
  typists(room: string): readonly Typist[] {
    return this.#people.typists(room);
  }

  /** How far each has read a room, oneself included, as far as is known. */
  marks(room: string): ReadonlyMap<string, number> {
    return this.#people.marks(room);
  }

  /** Learns who of a room is there and how far each has read, for as long as it is shown. Throws a `RequestError`. */
  watch(room: string): Promise<void> {
    return this.#people.watch(room);
  }

  unwatch(room: string): void {
    this.#people.unwatch(room);
  }

  /** Lets the others know that one is writing; to be called with every key. */
  typing(room: string): void {
    this.#people.typing(room);
  }

  /** Everything in a room that is here has been seen; other devices and, in small rooms, the others learn it. */
  read(room: string): void {
    const position = this.timeline(room)?.position;
    if (position && this.user) this.#people.read(room, this.user.id, position);
  }

  /** Whether the user looks at something else: the page is hidden, for one. */
  away(isAway: boolean): void {
    this.#people.away(isAway);
  }

  /** Tries a failed message again, as the same message. */
  retry(clientId: string): void {
    this.#outbox.retry(clientId);
  }

  /** Gives a failed message up. */
  discard(clientId: string): void {
    this.#outbox.remove(clientId);
  }

  /** Says something to everybody who is connected. For moderators. */
  async announce(text: string): Promise<void> {
    await this.call("chat.sendMessageToAll", { text });
  }

  /** Looks at once whether the server can be reached again, for when the device says that it is back. */
  wake(): void {
    this.#connection.wake();
  }

  /**
   * Makes an HTTP request as the user, with a fresh access token if the one at hand is refused. Throws a
   * `RequestError`.
   */
  request<E extends keyof Endpoints>(endpoint: E, params: ParamsOf<Endpoints[E]>): Promise<ResultOf<Endpoints[E]>> {
    return this.#session.request(endpoint, params);
  }

  /** Makes a call over the socket. Throws a `RequestError`. */
  call<A extends SocketAction>(action: A, params: ParamsOf<A>): Promise<ResultOf<A>> {
    return this.#connection.call(action, params);
  }

  /** Changes the user's own name. */
  async rename(name: string): Promise<void> {
    this.#session.become(await this.request("PATCH /api/users/me", { name }));
    this.#changed();
  }

  /** Whether the other one of a direct room is there, as it was last heard. */
  #peer({ peerId, peerState }: RoomSummary): Pick<RoomView, "peerState"> {
    return peerId === undefined || peerState === undefined ? {} : { peerState: this.presenceOf(peerId) };
  }

  /** Counts what is here; of what is older than that, only how much there is. */
  #unread({ room, read, unread }: RoomSummary): Pick<RoomView, "unread" | "mentions"> {
    const timeline = this.timeline(room);
    const own = this.user?.id ?? "";
    if (!timeline?.position) return { unread, mentions: 0 };
    const mark = Math.max(read, this.marks(room).get(own) ?? 0);
    const news = timeline.messages.filter(
      ({ seq, author, deletedAt }) => seq > mark && author.id !== own && deletedAt === undefined,
    );
    return {
      unread: news.length + Math.max(0, timeline.first - 1 - mark),
      mentions: news.filter(({ mentions }) => mentions?.includes(own)).length,
    };
  }

  #hasToken(token: string): void {
    if (this.#state === "signedOut") {
      if (this.user) this.#outbox.open(this.user.id);
      this.#state = "connecting";
      this.#connection.open();
    } else if (this.#connection.isOpen) {
      this.#connection.authenticate(token);
    }
    this.#changed();
  }

  #forget(discard: boolean): void {
    this.#connection.close();
    this.#session.close();
    this.#rooms.close();
    this.#people.close();
    this.#outbox.close(discard);
    this.#become("signedOut");
  }

  #become(state: ClientState): void {
    this.#state = state;
    this.#changed();
  }

  #changed(): void {
    this.#options.onChange?.();
    for (const look of [...this.#waiting]) look();
  }

  /** What the server tells: taken into the client's own state first, then handed to listeners. */
  #handlers(): ConnectionOptions["on"] {
    const { onMembership, onAnnouncement } = this.#options;
    const told = <E extends ClientEvent>(event: E, payload: Emitted[E]) => {
      const listeners = this.#listeners.get(event) as Set<(payload: Emitted[E]) => void> | undefined;
      for (const listener of listeners ?? []) listener(payload);
    };
    return {
      message: (message) => {
        this.#people.stopTyping(message.room, message.author.id);
        this.#rooms.take(message);
        told("message", message);
      },
      messageChanged: (message) => {
        this.#rooms.change(message);
        told("messageChanged", message);
      },
      membership: (change) => {
        this.#rooms.membership(change);
        onMembership?.(change);
        told("membership", change);
      },
      presence: (presence) => {
        this.#people.takePresence(presence);
        told("presence", presence);
      },
      typing: (typing) => {
        this.#people.takeTyping(typing);
        told("typing", typing);
      },
      read: (marks) => {
        this.#people.takeMarks(marks);
        told("read", marks);
      },
      serverMessage: (announcement) => {
        onAnnouncement?.(announcement);
        told("serverMessage", announcement);
      },
    };
  }

  /** Looks now and at every change; what `look` throws ends the wait. */
  #until(look: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const again = () => {
        try {
          if (!look()) return;
          resolve();
        } catch (error) {
          reject(error);
        }
        this.#waiting.delete(again);
      };
      this.#waiting.add(again);
      again();
    });
  }
}
