import type { ManagerOptions, Socket, SocketOptions } from "socket.io-client";
import type { ParamsOf, Profile, ResultOf, SignedIn } from "../contract/actions.ts";
import type { Message } from "../domain/message.ts";
import type { http, SocketAction } from "../surface.ts";
import { Outbox, type Pending } from "./outbox.ts";
import { RequestError, requestJson } from "./requests.ts";
import { Timeline } from "./timeline.ts";

export type { Pending } from "./outbox.ts";
export { RequestError } from "./requests.ts";

/** Whether somebody is signed in, and whether the server can be reached for them. */
export type ClientState = "signedOut" | "connecting" | "online" | "reconnecting";

/** Something said to everybody; it is not stored. */
export interface Announcement {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface ClientOptions {
  /** Opens a socket: socket.io-client's `io`, given where the server is. */
  readonly connect: (options: Partial<ManagerOptions & SocketOptions>) => Socket;
  /** Where the server is; the page's own origin when left out. */
  readonly url?: string;
  /** Anything that can be seen has changed. */
  readonly onChange?: () => void;
  readonly onAnnouncement?: (announcement: Announcement) => void;
  /** The session ended without being asked to. */
  readonly onSignedOut?: () => void;
  /** Milliseconds before its end at which the access token is renewed; a minute when left out. */
  readonly renewBefore?: number;
}

/** `METHOD /path` of every endpoint, and the action behind it. */
type Endpoints = {
  [E in (typeof http)[number] as `${E["method"]} ${E["path"]}`]: E["action"];
};

interface Session {
  readonly user: Profile;
  readonly accessToken: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly expiresAt: number;
  /** Absent in a browser, which keeps it in a cookie that no script can read. */
  readonly refreshToken: string | undefined;
}

const RENEW_BEFORE = 60_000;
/** Milliseconds between two renewals at least. */
const RENEW_PAUSE = 1000;
/** Milliseconds that the server may take to answer a call. */
const CALL_PATIENCE = 10_000;
/** Milliseconds that a message may arrive out of order before what is missing is asked for. */
const GAP_PATIENCE = 250;
/** Milliseconds before something that failed for no fault of ours is tried again. */
const RETRY_AFTER = 2000;
/** Refusals that waiting cures. */
const PASSING: ReadonlySet<string> = new Set(["OFFLINE", "EDGE", "UNAVAILABLE", "INTERNAL", "RATE_LIMITED", "TIMEOUT"]);

/**
 * The chat as a program sees it: signs in, keeps the access token fresh, keeps one socket open, comes back to every room where it left
 * off, keeps messages while there is no connection and sends each once.
 */
export class ChatClient {
  readonly #options: ClientOptions;
  readonly #outbox = new Outbox();
  readonly #timelines = new Map<string, Timeline>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #session: Session | undefined;
  #socket: Socket | undefined;
  #state: ClientState = "signedOut";
  #renewing: Promise<Session> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #flushing = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get state(): ClientState {
    return this.#state;
  }

  get user(): Profile | undefined {
    return this.#session?.user;
  }

  /** Messages that are not acknowledged yet, of all rooms. */
  get pending(): readonly Pending[] {
    return this.#outbox.pending;
  }

  /** A room that has been joined. */
  timeline(room: string): Timeline | undefined {
    return this.#timelines.get(room);
  }

  async register(params: ParamsOf<"users.register">): Promise<void> {
    this.#signIn(await this.#send("POST /api/auth/register", params));
  }

  async login(params: ParamsOf<"users.login">): Promise<void> {
    this.#signIn(await this.#send("POST /api/auth/login", params));
  }

  /** Takes up the session that the browser's cookie holds; false when there is none. */
  async restore(): Promise<boolean> {
    try {
      this.#signIn(await this.#send("POST /api/auth/refresh", {}));
      return true;
    } catch (error) {
      if (isUnauthorized(error)) return false;
      throw error;
    }
  }

  /** Ends the session. Throws when the server cannot be told: then it goes on, here as well, or a reload would bring it back. */
  async logout(): Promise<void> {
    if (!this.#session) return;
    try {
      await this.request("POST /api/auth/logout", {});
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
    }
    this.close();
  }

  /** Forgets everything, without ending the session on the server. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#socket?.removeAllListeners();
    this.#socket?.disconnect();
    this.#socket = undefined;
    this.#session = undefined;
    this.#timelines.clear();
    for (const { clientId } of this.#outbox.pending) this.#outbox.remove(clientId);
    this.#become("signedOut");
  }

  /** Joins a room; answers the room's one name. Rooms are joined again by themselves after every interruption. */
  async join(room: string): Promise<string> {
    const known = this.#timelines.get(room);
    const position = known?.position;
    const state = await this.call("chat.join", { room, ...position });
    const timeline = this.#timelines.get(state.room) ?? new Timeline(state.room);
    this.#timelines.set(state.room, timeline);
    timeline.resume(state);
    this.#changed();
    return state.room;
  }

  async leave(room: string): Promise<void> {
    this.#timelines.delete(room);
    this.#changed();
    await this.call("chat.leave", { room });
  }

  /** Gets a page of older messages. */
  async older(room: string): Promise<void> {
    const timeline = this.#timelines.get(room);
    const first = timeline?.messages[0];
    if (!timeline || !first) return;
    timeline.prepend(await this.call("chat.history", { room, cursor: first.seq }));
    this.#changed();
  }

  /** Takes the message; it goes out now or when there is a connection again, and shows among `pending` until it is stored. */
  send(room: string, text: string): Pending {
    const pending = this.#outbox.add(room, text, Date.now());
    this.#changed();
    void this.#flush();
    return pending;
  }

  /** Tries a failed message again, as the same message. */
  retry(clientId: string): void {
    this.#outbox.update(clientId, { state: "waiting" });
    this.#changed();
    void this.#flush();
  }

  /** Gives a failed message up. */
  discard(clientId: string): void {
    this.#outbox.remove(clientId);
    this.#changed();
  }

  /** Says something to everybody who is connected. For moderators. */
  async announce(text: string): Promise<void> {
    await this.call("chat.sendMessageToAll", { text });
  }

  /** Looks at once whether the server can be reached again, for when the device says that it is back. */
  wake(): void {
    if (this.#session && this.#socket && !this.#socket.connected) void this.#reconnect();
  }

  /** Makes an HTTP request as the user, with a fresh access token if the one at hand is refused. Throws a `RequestError`. */
  async request<E extends keyof Endpoints>(
    endpoint: E,
    params: ParamsOf<Endpoints[E]>,
  ): Promise<ResultOf<Endpoints[E]>> {
    const attempt = () => this.#send(endpoint, params, this.#session?.accessToken);
    let answer: unknown;
    try {
      answer = await attempt();
    } catch (error) {
      if (!isUnauthorized(error) || !this.#session) throw error;
      await this.#renew();
      answer = await attempt();
    }
    return answer as ResultOf<Endpoints[E]>;
  }

  /** Changes the user's own name. */
  async rename(name: string): Promise<void> {
    const user = await this.request("PATCH /api/users/me", { name });
    if (this.#session) this.#session = { ...this.#session, user };
    this.#changed();
  }

  /** Makes a call over the socket. Throws a `RequestError`. */
  async call<A extends SocketAction>(action: A, params: ParamsOf<A>): Promise<ResultOf<A>> {
    return (await this.#emit("call", action, params)) as ResultOf<A>;
  }

  #emit(...args: [event: string, ...args: unknown[]]): Promise<unknown> {
    const socket = this.#socket;
    if (!socket?.connected) return Promise.reject(offline());
    const [event, ...rest] = args;
    return new Promise((resolve, reject) => {
      // Socket.IO's timeout comes first; moleculer-io's answer is (error, result)
      const answered = (
        timeout: Error | null,
        error: { code?: string; message?: string; field?: string; retryAfter?: number } | null,
        result: unknown,
      ) => {
        if (timeout) reject(offline());
        else if (error)
          reject(new RequestError(error.code ?? "INTERNAL", error.message ?? "Something went wrong.", error));
        else resolve(result);
      };
      socket.timeout(CALL_PATIENCE).emit(event, ...rest, answered);
    });
  }

  #send(endpoint: keyof Endpoints, params: object, accessToken?: string): Promise<unknown> {
    const [method = "", path = ""] = endpoint.split(" ");
    const url = `${this.#options.url ?? ""}${path}`;
    const token = accessToken === undefined ? {} : { accessToken };
    if (method !== "GET") return requestJson({ method, url, body: params, ...token });
    const query = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)])).toString();
    return requestJson({ method, url: query === "" ? url : `${url}?${query}`, ...token });
  }

  #signIn(answer: unknown): Session {
    const { user, accessToken, expiresIn, refreshToken } = answer as Omit<SignedIn, "refreshToken"> & {
      refreshToken?: string;
    };
    const session: Session = { user, accessToken, expiresAt: Date.now() + expiresIn * 1000, refreshToken };
    this.#session = session;
    clearTimeout(this.#renewal);
    const untilRenewal = Math.max(expiresIn * 1000 - (this.#options.renewBefore ?? RENEW_BEFORE), RENEW_PAUSE);
    this.#renewal = this.#later(untilRenewal, () => void this.#renewInTime());
    if (this.#socket) this.#changed();
    else this.#open();
    return session;
  }

  #open(): void {
    const socket = this.#options.connect({
      path: "/socket.io/",
      transports: ["websocket"],
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
      randomizationFactor: 0.5,
      auth: (give) => give({ token: this.#session?.accessToken }),
    });
    this.#socket = socket;
    let drain: number | undefined;
    socket.on("connect", () => void this.#connected());
    socket.on("drain", ({ retryAfter }: { retryAfter: number }) => {
      drain = retryAfter;
    });
    socket.on("disconnect", (reason) => {
      this.#become("reconnecting");
      if (drain !== undefined) {
        // the server is about to stop and has told each client another moment, so that not all come back in the same one
        socket.disconnect();
        this.#later(drain, () => void this.#reconnect());
        drain = undefined;
        return;
      }
      // the server closed it on purpose: Socket.IO leaves coming back to us
      if (reason === "io server disconnect") void this.#reconnect();
    });
    socket.on("connect_error", (error: Error & { data?: { code?: string } }) => {
      if (this.#state === "online") this.#become("reconnecting");
      if (socket.active) return; // Socket.IO tries again by itself
      if (error.data?.code === "UNAUTHORIZED") void this.#reconnect({ renew: true });
      else this.#later(RETRY_AFTER, () => socket.connect());
    });
    socket.on("message", (message: Message) => this.#take(message));
    socket.on("serverMessage", (announcement: Announcement) => this.#options.onAnnouncement?.(announcement));
    this.#become("connecting");
    socket.connect();
  }

  async #connected(): Promise<void> {
    this.#become("online");
    await Promise.all([...this.#timelines.keys()].map((room) => this.#resume(room)));
    await this.#flush();
  }

  /** Joins again from where the room stands here; while that fails for passing reasons, again. */
  async #resume(room: string): Promise<void> {
    try {
      await this.join(room);
    } catch (error) {
      if (this.#socket?.connected && isPassing(error)) this.#later(RETRY_AFTER, () => void this.#resume(room));
    }
  }

  /** Connects again, with a token that the server will take. */
  async #reconnect(options: { renew?: boolean } = {}): Promise<void> {
    const socket = this.#socket;
    const session = this.#session;
    if (!socket || !session) return;
    try {
      if (options.renew || session.expiresAt - Date.now() < RENEW_BEFORE) await this.#renew();
    } catch (error) {
      if (this.#endsSession(error)) return;
      this.#later(waitFor(error), () => void this.#reconnect(options));
      return;
    }
    if (this.#socket === socket && !socket.connected) socket.connect();
  }

  async #renewInTime(): Promise<void> {
    if (!this.#session) return;
    try {
      const { accessToken } = await this.#renew();
      // the socket goes on with the new token; should it not, the server closes it and it comes back by itself
      await this.#emit("authenticate", { token: accessToken }).catch(() => undefined);
    } catch (error) {
      if (!this.#endsSession(error)) this.#later(waitFor(error), () => void this.#renewInTime());
    }
  }

  #renew(): Promise<Session> {
    const refreshToken = this.#session?.refreshToken;
    this.#renewing ??= this.#send("POST /api/auth/refresh", refreshToken === undefined ? {} : { refreshToken })
      .then((answer) => {
        if (!this.#session) throw new RequestError("SIGN_IN", "Sign in again.", { status: 401 });
        return this.#signIn(answer);
      })
      .finally(() => {
        this.#renewing = undefined;
      });
    return this.#renewing;
  }

  #endsSession(error: unknown): boolean {
    const ends = isUnauthorized(error);
    if (ends && this.#session) {
      this.close();
      this.#options.onSignedOut?.();
    }
    return ends;
  }

  #take(message: Message): void {
    const timeline = this.#timelines.get(message.room);
    if (!timeline) return;
    if (message.author.id === this.#session?.user.id) this.#outbox.remove(message.clientId);
    if (timeline.add(message) === "gap") {
      this.#later(GAP_PATIENCE, () => {
        if (timeline.isWaiting && this.#timelines.get(message.room) === timeline) void this.#resume(message.room);
      });
    }
    this.#changed();
  }

  /** Sends what waits, one after the other, so that nothing overtakes. */
  async #flush(): Promise<void> {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      for (let next = this.#outbox.next; next && this.#socket?.connected; next = this.#outbox.next) {
        if (!(await this.#deliver(next))) break;
      }
    } finally {
      this.#flushing = false;
    }
  }

  /** False when there is no point in going on now. */
  async #deliver({ clientId, room, text }: Pending): Promise<boolean> {
    this.#outbox.update(clientId, { state: "sending" });
    this.#changed();
    try {
      const { message } = await this.call("chat.send", { room, text, clientId });
      this.#outbox.remove(clientId);
      this.#take(message);
      return true;
    } catch (error) {
      if (isPassing(error)) {
        this.#outbox.update(clientId, { state: "waiting" });
        this.#changed();
        // without a connection the next one flushes
        if (this.#socket?.connected) this.#later(waitFor(error), () => void this.#flush());
        return false;
      }
      const problem = error instanceof Error ? error.message : "It could not be sent.";
      this.#outbox.update(clientId, { state: "failed", problem });
      this.#changed();
      return true;
    }
  }

  #later(milliseconds: number, work: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, milliseconds);
    this.#timers.add(timer);
    return timer;
  }

  #become(state: ClientState): void {
    this.#state = state;
    this.#changed();
  }

  #changed(): void {
    this.#options.onChange?.();
  }
}

function offline(): RequestError {
  return new RequestError("OFFLINE", "There is no connection to the server.");
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof RequestError && error.status === 401;
}

function isPassing(error: unknown): boolean {
  return error instanceof RequestError && PASSING.has(error.code);
}

function waitFor(error: unknown): number {
  const seconds = error instanceof RequestError ? error.retryAfter : undefined;
  return seconds === undefined ? RETRY_AFTER : seconds * 1000;
}
