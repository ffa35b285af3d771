import { Changes } from "../changes.ts";
import type { ClientOptions, ClientState } from "../client-options.ts";
import { isUnauthorized, RequestError } from "../requests.ts";
import type { ClientEvent } from "../server-events.ts";
import type { Emitted, Endpoints, ParamsOf, PresenceState, Profile, ResultOf, SocketAction } from "../server-types.ts";
import { signIn } from "../session.ts";
import { type ClientParts, createParts } from "./client-parts.ts";
import type { Pending } from "./outbox.ts";
import type { Typist } from "./people.ts";
import { type RoomView, viewRoom } from "./room-view.ts";
import type { Timeline } from "./timeline.ts";

/**
 * The chat as a program uses it: it signs in, renews the access token, keeps one socket open, continues each room after
 * an interruption, and keeps messages while there is no connection and sends each of them once.
 */
export class ChatClient {
  readonly #options: ClientOptions;
  readonly #session: ClientParts["session"];
  readonly #connection: ClientParts["connection"];
  readonly #outbox: ClientParts["outbox"];
  readonly #rooms: ClientParts["rooms"];
  readonly #people: ClientParts["people"];
  readonly #events: ClientParts["events"];
  readonly #changes = new Changes();
  #state: ClientState = "signedOut";

  constructor(options: ClientOptions) {
    this.#options = options;
    const parts = createParts(options, {
      onChange: () => this.#changed(),
      onToken: (token) => this.#hasToken(token),
      onConnected: (isConnected) => this.#become(isConnected ? "online" : "reconnecting"),
      onSessionEnded: () => {
        this.#forget(false);
        options.onSignedOut?.();
      },
    });
    this.#session = parts.session;
    this.#connection = parts.connection;
    this.#outbox = parts.outbox;
    this.#rooms = parts.rooms;
    this.#people = parts.people;
    this.#events = parts.events;
  }

  get state(): ClientState {
    return this.#state;
  }

  get user(): Profile | undefined {
    return this.#session.user;
  }

  /**
   * Calls `listener` with the payload of each event of this name, after the client's own state has changed. Events are
   * not repeated after an interruption; `timeline` has the messages that were missed. Returns a function that removes
   * the listener.
   */
  on<E extends ClientEvent>(event: E, listener: (payload: Emitted[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Waits until there is a connection. Rejects with `SIGN_IN` when no user is signed in, or no longer. */
  untilOnline(): Promise<void> {
    return this.#changes.until(() => {
      if (this.#state === "signedOut") throw signIn();
      return this.#state === "online";
    });
  }

  /** Waits until all messages are stored. Rejects with `NOT_SENT` when one is refused, `SIGN_IN` without a session. */
  untilSent(): Promise<void> {
    return this.#changes.until(() => {
      if (this.#state === "signedOut") throw signIn();
      const failed = this.pending.find(({ state }) => state === "failed");
      if (failed) throw new RequestError("NOT_SENT", failed.problem ?? "A message could not be sent.");
      return this.pending.length === 0;
    });
  }

  /** Messages of all rooms that are not acknowledged yet. */
  get pending(): readonly Pending[] {
    return this.#outbox.pending;
  }

  /** The rooms that the user is in or invited to. */
  get rooms(): readonly RoomView[] {
    const own = this.user?.id ?? "";
    return this.#rooms.list.map((summary) =>
      viewRoom({ summary, timeline: this.timeline(summary.room), people: this.#people, own }),
    );
  }

  /** The messages of a room that was joined. */
  timeline(room: string): Timeline | undefined {
    return this.#rooms.timeline(room);
  }

  register(params: ParamsOf<"users.register">): Promise<void> {
    return this.#session.enter("POST /api/auth/register", params);
  }

  login(params: ParamsOf<"users.login">): Promise<void> {
    return this.#session.enter("POST /api/auth/login", params);
  }

  /** Continues the session of the browser's cookie. Returns false when there is none. */
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
   * Ends the session. Rejects when the server cannot be reached: then the session continues, here too, because a reload
   * would bring it back.
   */
  async logout(): Promise<void> {
    if (!this.user) return;
    try {
      await this.#session.end("POST /api/auth/logout", {});
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
    }
    this.#forget(true);
  }

  /** Removes the user's account, and with it all its sessions. Throws a `RequestError`. */
  async removeAccount(password: string): Promise<void> {
    await this.#session.end("POST /api/auth/delete", { password });
    this.#forget(true);
  }

  /** Forgets the session without ending it on the server. Stored messages wait until the user signs in again. */
  close(): void {
    this.#forget(false);
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
    this.#people.sent(room);
    return this.#outbox.add(room, text);
  }

  /** Whether a user is present; known for the people in watched and in small rooms. */
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

  /** Tells the others in a room that the user is writing. To be called with every key. */
  typing(room: string): void {
    this.#people.typing(room);
  }

  /** Marks all messages of a room that are here as read. Other devices and, in small rooms, the others learn it. */
  read(room: string): void {
    const position = this.timeline(room)?.position;
    if (position && this.user) this.#people.read(room, this.user.id, position);
  }

  /** Tells the server whether the user looks at something else, for example because the page is hidden. */
  away(isAway: boolean): void {
    this.#people.away(isAway);
  }

  /** Tries to send a failed message again, with the same client id. */
  retry(clientId: string): void {
    this.#outbox.retry(clientId);
  }

  /** Removes a failed message. */
  discard(clientId: string): void {
    this.#outbox.remove(clientId);
  }

  /** Sends a text to all users who are connected. For moderators. */
  async announce(text: string): Promise<void> {
    await this.call("chat.sendMessageToAll", { text });
  }

  /** Tries to connect at once. To be called when the device reports that it is online again. */
  wake(): void {
    this.#connection.wake();
  }

  /**
   * Makes an HTTP request as the user, and renews the access token if it is refused. Parameters in the path are filled
   * in; those of GET and DELETE go into the query, all others into the body. Throws a `RequestError`, and a `TypeError`
   * for a value that no path can carry.
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
    this.#session.updateUser(await this.request("PATCH /api/users/me", { name }));
    this.#changed();
  }

  /** Sets the user's picture to this PNG, JPEG or WebP file, and returns its hash. Throws a `RequestError`. */
  setPicture(file: Uint8Array<ArrayBuffer>): Promise<string | null> {
    return this.#session.setPicture(file);
  }

  /** Reads a picture. `users.pictures` has the hashes. Throws a `RequestError`. */
  picture(user: string, hash: string): Promise<Blob> {
    return this.#session.picture(user, hash);
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
    this.#changes.check();
  }
}
