import { setTimeout as delay } from "node:timers/promises";
import type { Message, RoomState } from "../../../../backend/chat/shapes.ts";
import { BACKOFF, isTemporary, RequestError, waitFor } from "../../../../backend/client/requests.ts";
import type { ResultOf } from "../../../../backend/contract/actions.ts";
import type { Account } from "./accounts.ts";
import { LightConnection, offline } from "./light-connection.ts";
import { LightSession } from "./light-session.ts";

/** Milliseconds that a message may come before an earlier one; as long as the page's client waits. */
const GAP_PATIENCE_MS = 250;
/** Messages that were pushed over a connection and are remembered, to see one that comes twice. */
const REMEMBERED = 2_000;

export interface LightClientOptions {
  readonly account: Account;
  readonly address: string;
  readonly room: string;
  /** Ports of the nodes, in the order in which to try them. */
  order(): readonly number[];
  /** The next message of the room; each once, in order. `pushed` by the server, or `asked` for by this client. */
  onMessage?(message: Message, how: "pushed" | "asked"): void;
  /** A message of the room was edited, pushed or asked for. */
  onChange?(message: Message): void;
  /**
   * The server has sent the newest page in place of what was missed. Changes of messages up to this one, which were
   * made while this client was away, are not told: the page's client forgets those messages.
   */
  onRestart?(last: number): void;
  /** The server has sent a message twice over one connection without being asked. */
  onDoubled?(message: Message): void;
  /** The connection is lost. */
  onAway?(): void;
  /** The room is joined, for the first time or again. */
  onBack?(): void;
  /** A call or a handshake was refused. */
  onRefused?(code: string): void;
  /** The session ended without being asked to. */
  onSignedOut?(): void;
}

/**
 * A client in one room that costs little and returns as the page's client does: it repeats a handshake after the same
 * waits, joins with its position, and asks for what is missing.
 */
export class LightClient {
  readonly #options: LightClientOptions;
  readonly #session: LightSession;
  readonly #early = new Map<number, Message>();
  #pushed = new Set<number>();
  #connection: LightConnection | undefined;
  #position: { epoch: string; cursor: number; revision: number } | undefined;
  #isWanted = false;
  #isBack = false;
  #isAsking = false;
  #tries = 0;
  #drain: number | undefined;
  #gap: NodeJS.Timeout | undefined;

  constructor(options: LightClientOptions) {
    this.#options = options;
    this.#session = new LightSession(options);
  }

  get room(): string {
    return this.#options.room;
  }

  /** Number of the last message that is here, with all before it. */
  get cursor(): number {
    return this.#position?.cursor ?? 0;
  }

  /** Whether it is connected and its room is joined. */
  get isBack(): boolean {
    return this.#isBack;
  }

  /** Whether it is to be connected. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** Connects, and connects again whenever the connection is lost, until `close`. */
  open(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#tries = 0;
    void this.#connect();
  }

  close(): void {
    this.#isWanted = false;
    this.#connection?.close();
  }

  reset(): void {
    this.#connection?.reset();
  }

  /** Calls an action over the socket. Throws a `RequestError`. */
  async call(action: string, params: object): Promise<unknown> {
    try {
      if (!this.#connection) throw offline();
      return await this.#connection.emit("call", action, params);
    } catch (error) {
      if (error instanceof RequestError) this.#options.onRefused?.(error.code);
      throw error;
    }
  }

  /** Renews the access token before it ends; to be called every few seconds. */
  async tick(): Promise<void> {
    this.#connection?.checkSilence();
    if (!this.#connection || !this.#session.isDue) return;
    const renewed = await this.#session.renew().catch(() => undefined);
    if (renewed !== undefined) await this.#connection?.emit("authenticate", renewed).catch(() => undefined);
  }

  async #connect(): Promise<void> {
    if (!this.#isWanted || this.#connection) return;
    try {
      const token = await this.#session.token();
      const connection = await this.#openAny(token);
      if (!this.#isWanted) return connection.close();
      this.#connection = connection;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#options.onRefused?.(error.code);
      if (error.code === "UNAUTHORIZED") this.#session.doubt();
      return this.#again(waitFor(error, this.#tries++, BACKOFF));
    }
    this.#pushed = new Set();
    await this.#resume();
  }

  /** Tries one node after the other where nothing listens, as a load balancer does. */
  async #openAny(token: string): Promise<LightConnection> {
    for (const port of this.#options.order()) {
      try {
        const { address } = this.#options;
        const onEvent = (event: string, payload: unknown) => this.#take(event, payload);
        const onClose = () => this.#lost();
        return await LightConnection.open({ port, token, address, onEvent, onClose });
      } catch (error) {
        if (!(error instanceof RequestError) || error.code !== "REFUSED") throw error;
      }
    }
    throw offline();
  }

  /** Joins the room from where this client stands, until that succeeds or the connection is lost. */
  async #resume(): Promise<void> {
    const connection = this.#connection;
    for (let tries = 0; connection && connection === this.#connection; tries += 1) {
      try {
        await this.#ask();
        if (connection !== this.#connection) return;
        this.#lookForGap();
        if (this.#isBack) return;
        this.#isBack = true;
        this.#tries = 0;
        this.#options.onBack?.();
        return;
      } catch (error) {
        if (!isTemporary(error)) throw error;
        await delay(waitFor(error, tries, BACKOFF));
      }
    }
  }

  /** Joins with the position, and takes what is missing. */
  async #ask(): Promise<void> {
    const { room } = this.#options;
    for (;;) {
      const from = this.#position;
      const { cursor } = this;
      const state = (await this.call("chat.join", { room, ...from })) as ResultOf<"chat.join">;
      // the next part has these as they were last edited
      if (state.more) this.#early.clear();
      if (!from) {
        this.#position = { epoch: state.epoch, cursor: state.seq, revision: state.revision };
        this.#takeEarly();
      } else if (from.epoch !== state.epoch) throw new Error(`invariant: ${room} has begun anew`);
      else {
        if (!state.recovered) this.#options.onRestart?.(cursor);
        await this.#takeMissed(state);
      }
      if (this.#position) this.#position.revision = state.revision;
      if (!state.more) return;
    }
  }

  /** Where more was missed than a join returns, pages back to the position first. */
  async #takeMissed(state: RoomState): Promise<void> {
    const { room } = this.#options;
    let messages = state.messages;
    while ((messages[0]?.seq ?? 0) > this.cursor + 1) {
      const older = (await this.call("chat.history", { room, cursor: messages[0]?.seq })) as RoomState;
      if (older.messages.length === 0) break;
      messages = [...older.messages, ...messages];
    }
    for (const message of messages) {
      // one that came early may have been edited since
      this.#early.delete(message.seq);
      this.#add(message, "asked");
    }
    const edited = messages.filter(({ revision }) => revision !== undefined);
    for (const message of [...edited, ...state.changed]) this.#options.onChange?.(message);
  }

  #take(event: string, payload: unknown): void {
    if (event === "drain") this.#drain = (payload as { retryAfter: number }).retryAfter;
    if (event === "messageChanged") this.#options.onChange?.(payload as Message);
    if (event !== "message") return;
    const message = payload as Message;
    if (this.#pushed.has(message.seq)) this.#options.onDoubled?.(message);
    this.#pushed.add(message.seq);
    if (this.#pushed.size > REMEMBERED) for (const first of this.#pushed) if (this.#pushed.delete(first)) break;
    this.#add(message, "pushed");
  }

  #add(message: Message, how: "pushed" | "asked"): void {
    if (!this.#position) {
      // sent before the response to the first join
      this.#early.set(message.seq, message);
      return;
    }
    if (message.seq > this.cursor + 1) {
      this.#early.set(message.seq, message);
      this.#lookForGap();
      return;
    }
    if (message.seq <= this.cursor) return;
    this.#next(message, how);
    this.#takeEarly();
  }

  #takeEarly(): void {
    for (let next = this.#early.get(this.cursor + 1); next; next = this.#early.get(this.cursor + 1))
      this.#next(next, "pushed");
  }

  #next(message: Message, how: "pushed" | "asked"): void {
    if (!this.#position) return;
    this.#early.delete(message.seq);
    this.#position.cursor = message.seq;
    this.#options.onMessage?.(message, how);
  }

  #lookForGap(): void {
    for (const seq of this.#early.keys()) if (seq <= this.cursor) this.#early.delete(seq);
    if (this.#early.size > 0) this.#gap ??= setTimeout(() => this.#fill(), GAP_PATIENCE_MS);
  }

  /** Asks for what is missing before a message that came early. */
  #fill(): void {
    this.#gap = undefined;
    if (this.#early.size === 0 || this.#isAsking || !this.#isBack) return;
    this.#isAsking = true;
    void this.#resume().finally(() => {
      this.#isAsking = false;
    });
  }

  #lost(): void {
    this.#connection = undefined;
    this.#isBack = false;
    this.#options.onAway?.();
    const told = this.#drain;
    this.#drain = undefined;
    if (this.#isWanted) this.#again(told ?? waitFor(undefined, this.#tries++, BACKOFF));
  }

  #again(milliseconds: number): void {
    setTimeout(() => void this.#connect(), milliseconds);
  }
}
