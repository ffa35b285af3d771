import { type Emitted, isTemporary, type SiteClient, waitFor } from "../index.ts";
import type { DeviceState, PresenceState, RoomSummary } from "./chat-types.ts";

/** A user who is writing. */
export type Typist = Emitted["typing"]["user"];

/** Milliseconds between two calls that report to the server that the user is writing in a room. */
const TYPING_INTERVAL_MS = 3_000;
/** Milliseconds for which a user counts as writing after the last event. */
const TYPING_LASTS_MS = 6_000;
/** Milliseconds for which marks are collected, so that reading along does not make a call for each message. */
const MARK_DELAY_MS = 500;

/** What the client knows of other users (presence, typing, read marks) and what it reports to them of this one. */
export class People {
  readonly #client: SiteClient;
  readonly #states = new Map<string, PresenceState>();
  /** Users whose state is from an earlier connection, and may be outdated. */
  #outdated = new Set<string>();
  readonly #typists = new Map<string, Map<string, { readonly typist: Typist; readonly until: number }>>();
  readonly #marks = new Map<string, { readonly epoch: string; readonly seqs: Map<string, number> }>();
  readonly #watched = new Set<string>();
  readonly #typingReportedAt = new Map<string, number>();
  readonly #unreportedMarks = new Map<string, { readonly epoch: string; readonly seq: number }>();
  #state: DeviceState = "online";
  /** The state of this device that the server has. */
  #reported: DeviceState = "online";
  #markTimer: ReturnType<typeof setTimeout> | undefined;
  #expiryTimer: ReturnType<typeof setTimeout> | undefined;
  #readTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: SiteClient) {
    this.#client = client;
  }

  /** Whether a user is present; known for those in watched and in small rooms. */
  stateOf(user: string): PresenceState {
    return this.#states.get(user) ?? "offline";
  }

  /** The users who are writing in a room now. */
  typists(room: string): readonly Typist[] {
    return [...(this.#typists.get(room)?.values() ?? [])].map(({ typist }) => typist);
  }

  /** How far a user has read a room; 0 when it is not known. */
  mark(room: string, user: string): number {
    return this.#marks.get(room)?.seqs.get(user) ?? 0;
  }

  /** How far each user has read a room. */
  marks(room: string): ReadonlyMap<string, number> {
    return this.#marks.get(room)?.seqs ?? new Map();
  }

  /** Reads who of a room is present and how far each has read, now and after every interruption. */
  async watch(room: string): Promise<void> {
    this.#watched.add(room);
    if (this.#client.isConnected) await this.#readRoom(room);
  }

  /** Ends `watch`. */
  unwatch(room: string): void {
    this.#watched.delete(room);
  }

  /** Reports to the others in a room that the user is writing. It may be called with every key. */
  typing(room: string): void {
    const now = Date.now();
    if (!this.#client.isConnected || now - (this.#typingReportedAt.get(room) ?? 0) < TYPING_INTERVAL_MS) return;
    this.#typingReportedAt.set(room, now);
    // a refusal is shown when the message is sent
    this.#client.call("chat.typing", { room }).catch(() => undefined);
  }

  /** Notes that the user has sent a message: the next `typing` is reported at once. */
  messageSent(room: string): void {
    this.#typingReportedAt.delete(room);
  }

  /** Marks a room as read up to a position. The server gets the mark soon, or when there is a connection again. */
  read(room: string, user: string, { epoch, cursor }: { readonly epoch: string; readonly cursor: number }): void {
    if (cursor <= this.mark(room, user) && this.#marks.get(room)?.epoch === epoch) return;
    this.takeMarks({ room, epoch, marks: [{ user, seq: cursor }] });
    this.#unreportedMarks.set(room, { epoch, seq: cursor });
    this.#markTimer ??= setTimeout(() => this.#reportMarks(), MARK_DELAY_MS);
  }

  /** Sets whether the user looks at something else. */
  away(isAway: boolean): void {
    this.#state = isAway ? "away" : "online";
    this.#reportState();
  }

  /** The state of this device for a new connection: a device that is away must not seem online for a moment. */
  stateForHandshake(): DeviceState {
    this.#reported = this.#state;
    return this.#state;
  }

  /** Sends what could not be sent before. To be called when there is a connection again. */
  reportPending(): void {
    this.#outdated = new Set(this.#states.keys());
    this.#reportState();
    this.#reportMarks();
  }

  /**
   * Reads what the client has missed. To be called when it receives the events of its rooms again: before that, it
   * would miss changes after the reading.
   */
  readMissed(): void {
    void this.#readWatchedRooms(0);
  }

  close(): void {
    clearTimeout(this.#markTimer);
    clearTimeout(this.#expiryTimer);
    clearTimeout(this.#readTimer);
    this.#markTimer = undefined;
    for (const known of [
      this.#states,
      this.#typists,
      this.#marks,
      this.#watched,
      this.#typingReportedAt,
      this.#unreportedMarks,
    ])
      known.clear();
  }

  takePresence({ users }: Emitted["presence"]): void {
    for (const { id, state } of users) {
      this.#states.set(id, state);
      this.#outdated.delete(id);
    }
    this.#client.changed();
  }

  takeTyping({ room, user }: Emitted["typing"]): void {
    const typists = this.#typists.get(room) ?? new Map();
    this.#typists.set(room, typists.set(user.id, { typist: user, until: Date.now() + TYPING_LASTS_MS }));
    this.#expireTyping();
    this.#client.changed();
  }

  /** A user who has sent a message is no longer writing. */
  stopTyping(room: string, user: string): void {
    this.#typists.get(room)?.delete(user);
  }

  /** Takes marks in any order: a mark never goes back, unless the room's epoch changes. */
  takeMarks({ room, epoch, marks }: Emitted["read"]): void {
    const known = this.#marks.get(room);
    const seqs = known?.epoch === epoch ? known.seqs : new Map<string, number>();
    for (const { user, seq } of marks) seqs.set(user, Math.max(seq, seqs.get(user) ?? 0));
    this.#marks.set(room, { epoch, seqs });
    this.#client.changed();
  }

  async #readRoom(room: string): Promise<void> {
    const client = this.#client;
    const calls = [client.call("chat.presence", { room }), client.call("chat.marks", { room })] as const;
    const [presence, marks] = await Promise.all(calls);
    this.takePresence(presence);
    this.takeMarks(marks);
  }

  /** After an interruption: users who were present and are not in the responses have gone. */
  async #readWatchedRooms(tries: number): Promise<void> {
    clearTimeout(this.#readTimer);
    for (const room of this.#watched) {
      try {
        await this.#readRoom(room);
      } catch (error) {
        if (isTemporary(error)) {
          const wait = waitFor(error, tries, this.#client.backoff);
          if (this.#client.isConnected) {
            this.#readTimer = setTimeout(() => void this.#readWatchedRooms(tries + 1), wait);
          }
          return;
        }
        this.unwatch(room);
      }
    }
    for (const user of this.#outdated) this.#states.delete(user);
    this.#client.changed();
  }

  /** Takes from the list of rooms how far the user has read on other devices, and the presence in direct rooms. */
  takeList(user: string | undefined, list: readonly RoomSummary[]): void {
    if (user === undefined) return;
    for (const { room, epoch, read } of list) this.takeMarks({ room, epoch, marks: [{ user, seq: read }] });
    this.takePresence({
      users: list.flatMap(({ peerId, peerState }) => (peerId && peerState ? { id: peerId, state: peerState } : [])),
    });
  }

  #reportState(): void {
    if (this.#reported === this.#state || !this.#client.isConnected) return;
    this.#reported = this.#state;
    this.#client.call("chat.setPresence", { state: this.#state }).catch(() => undefined);
  }

  #reportMarks(): void {
    clearTimeout(this.#markTimer);
    this.#markTimer = undefined;
    const client = this.#client;
    if (!client.isConnected) return;
    for (const [room, mark] of this.#unreportedMarks) {
      this.#unreportedMarks.delete(room);
      client.call("chat.read", { room, ...mark }).catch(() => {
        // a newer mark may wait by now
        if (!client.isConnected && !this.#unreportedMarks.has(room)) this.#unreportedMarks.set(room, mark);
      });
    }
  }

  #expireTyping(): void {
    clearTimeout(this.#expiryTimer);
    let next = Number.POSITIVE_INFINITY;
    const now = Date.now();
    for (const typists of this.#typists.values()) {
      for (const [user, { until }] of typists) {
        if (until <= now) typists.delete(user);
        else next = Math.min(next, until);
      }
    }
    if (next === Number.POSITIVE_INFINITY) return;
    this.#expiryTimer = setTimeout(() => {
      this.#expireTyping();
      this.#client.changed();
    }, next - now);
  }
}
