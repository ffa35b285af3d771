import { Changes } from "./changes.ts";
import type { ClientOptions, ClientState } from "./client-options.ts";
import type { ClientPart } from "./client-part.ts";
import { Connection } from "./connection.ts";
import { BACKOFF, type Backoff, isUnauthorized } from "./requests.ts";
import { type ClientEvent, ServerEvents } from "./server-events.ts";
import type { Emitted, Endpoints, ParamsOf, Profile, ResultOf, SocketAction } from "./server-types.ts";
import { ClientSession, signedOutError } from "./session.ts";

/** The default of `renewBeforeMs`. */
const RENEW_BEFORE_MS = 60_000;

/**
 * A client of the server: it signs in, renews the access token and keeps one socket open. Requests, calls and events
 * have the types of the surface. Features add their state as parts.
 */
export class SiteClient {
  readonly #options: ClientOptions;
  readonly #session: ClientSession;
  readonly #connection: Connection;
  readonly #events = new ServerEvents();
  readonly #changes = new Changes();
  readonly #parts: ClientPart[] = [];
  #state: ClientState = "signedOut";

  constructor(options: ClientOptions) {
    this.#options = options;
    const { url = "", fetch, renewBeforeMs = RENEW_BEFORE_MS } = options;
    this.#session = new ClientSession({
      url,
      fetch,
      renewBeforeMs,
      backoff: this.backoff,
      onToken: (token) => this.#authenticate(token),
      onEnded: () => {
        this.#endSession(false);
        options.onSignedOut?.();
      },
    });
    this.#connection = new Connection({
      connect: options.connect,
      session: this.#session,
      backoff: this.backoff,
      handshake: () => Object.assign({}, ...this.#parts.map(({ handshake }) => handshake?.())),
      onOnline: () => {
        this.#setState("online");
        for (const part of this.#parts) part.onOnline?.();
      },
      onOffline: () => {
        for (const part of this.#parts) part.onOffline?.();
        this.#setState("reconnecting");
      },
      onEvent: (event, payload) => this.#events.receive(event, payload),
    });
  }

  get state(): ClientState {
    return this.#state;
  }

  get user(): Profile | undefined {
    return this.#session.user;
  }

  /** Whether calls can be made now. */
  get isConnected(): boolean {
    return this.#connection.isOpen;
  }

  /** Milliseconds between two attempts to reach the server. */
  get backoff(): Backoff {
    return this.#options.backoff ?? BACKOFF;
  }

  /** Adds a feature's part. Throws when a user is signed in: the part would have missed what came before. */
  add(part: ClientPart): void {
    if (this.#state !== "signedOut") throw new Error("A part was added to a client after sign-in; add it before.");
    this.#parts.push(part);
    if (part.listeners) this.#events.addFirst(part.listeners);
  }

  /** Reports a change of a part's state, to views and to callers of `untilTrue`. To be called by parts. */
  changed(): void {
    this.#options.onChange?.();
    this.#changes.check();
  }

  /**
   * Calls `listener` with the payload of each event of this name, after the client's own state has changed. Events are
   * not repeated after an interruption. Returns a function that removes the listener.
   */
  on<E extends ClientEvent>(event: E, listener: (payload: Emitted[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Waits until there is a connection. Rejects with `SIGN_IN` when no user is signed in, or no longer. */
  untilOnline(): Promise<void> {
    return this.untilTrue(() => this.#state === "online");
  }

  /**
   * Waits until a condition on the state of the client and its parts is true. Rejects with `SIGN_IN` when no user is
   * signed in, or no longer, and with what the condition throws.
   */
  untilTrue(condition: () => boolean): Promise<void> {
    return this.#changes.until(() => {
      if (this.#state === "signedOut") throw signedOutError();
      return condition();
    });
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
    this.#endSession(true);
  }

  /** Removes the user's account, and with it all its sessions. Throws a `RequestError`. */
  async removeAccount(password: string): Promise<void> {
    await this.#session.end("POST /api/auth/delete", { password });
    this.#endSession(true);
  }

  /** Forgets the session without ending it on the server. What parts have stored waits for the next session. */
  close(): void {
    this.#endSession(false);
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

  /** Changes the user's own name. Throws a `RequestError`. */
  async rename(name: string): Promise<void> {
    this.#session.updateUser(await this.request("PATCH /api/users/me", { name }));
    this.changed();
  }

  /** Sets the user's picture to this PNG, JPEG or WebP file, and returns its hash. Throws a `RequestError`. */
  setPicture(file: Uint8Array<ArrayBuffer>): Promise<string | null> {
    return this.#session.setPicture(file);
  }

  /** Reads a picture. `users.pictures` has the hashes. Throws a `RequestError`. */
  picture(user: string, hash: string): Promise<Blob> {
    return this.#session.picture(user, hash);
  }

  #authenticate(token: string): void {
    if (this.#state === "signedOut") {
      const { user } = this;
      if (user) for (const part of this.#parts) part.onSignedIn?.(user);
      this.#state = "connecting";
      this.#connection.open();
    } else if (this.#connection.isOpen) {
      this.#connection.authenticate(token);
    }
    this.changed();
  }

  #endSession(isFinal: boolean): void {
    this.#connection.close();
    this.#session.close();
    for (const part of this.#parts) part.onSignedOut?.(isFinal);
    this.#setState("signedOut");
  }

  #setState(state: ClientState): void {
    this.#state = state;
    this.changed();
  }
}
