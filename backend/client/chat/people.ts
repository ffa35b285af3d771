import type { Connection } from "../connection.ts";
import { type Backoff, isTemporary, waitFor } from "../requests.ts";
import type { DeviceState, Emitted, PresenceState, RoomSummary } from "../server-types.ts";

export interface PeopleOptions {
  readonly connection: Connection;
  readonly backoff: Backoff;
  readonly onChange: () => void;
}

/** A user who is writing. */
export type Typist = Emitted["typing"]["user"];

/** Milliseconds between two calls that tell the server that the user is writing in a room. */
const TYPING_INTERVAL_MS = 3_000;
/** Milliseconds for which a user counts as writing after the last event. */
const TYPING_LASTS_MS = 6_000;
/** Milliseconds for which marks are collected, so that reading along does not make a call for each message. */
const MARK_DELAY_MS = 500;

/** What the client knows of other users (presence, typing, read marks) and what it tells them of this one. */
export class People {
  readonly #options: PeopleOptions;
  readonly #states = new Map<string, PresenceState>();
  /** Users whose state is from an earlier connection. */
  #unsure = new Set<string>();
  readonly #typists = new Map<string, Map<string, { readonly typist: Typist; readonly until: number }>>();
  readonly #marks = new Map<string, { readonly epoch: string; readonly seqs: Map<string, number> }>();
  readonly #watched = new Set<string>();
  readonly #typed = new Map<string, number>();
  readonly #toMark = new Map<string, { readonly epoch: string; readonly seq: number }>();
  #state: DeviceState = "online";
  /** The state of this device that the server has. */
  #told: DeviceState = "online";
  #marking: ReturnType<typeof setTimeout> | undefined;
  #expiry: ReturnType<typeof setTimeout> | undefined;
  #learning: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PeopleOptions) {
    this.#options = options;
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
    if (this.#options.connection.isOpen) await this.#learn(room);
  }

  /** Ends `watch`. */
  unwatch(room: string): void {
    this.#watched.delete(room);
  }

  /** Tells the others in a room that the user is writing. It may be called with every key. */
  typing(room: string): void {
    const now = Date.now();
    if (!this.#options.connection.isOpen || now - (this.#typed.get(room) ?? 0) < TYPING_INTERVAL_MS) return;
    this.#typed.set(room, now);
    // a refusal is shown when the message is sent
    this.#options.connection.call("chat.typing", { room }).catch(() => undefined);
  }

  /** The user has sent a message: the next `typing` is told at once. */
  sent(room: string): void {
    this.#typed.delete(room);
  }

  /** Marks a room as read up to a position. The server is told soon, or when there is a connection again. */
  read(room: string, user: string, { epoch, cursor }: { readonly epoch: string; readonly cursor: number }): void {
    if (cursor <= this.mark(room, user) && this.#marks.get(room)?.epoch === epoch) return;
    this.takeMarks({ room, epoch, marks: [{ user, seq: cursor }] });
    this.#toMark.set(room, { epoch, seq: cursor });
    this.#marking ??= setTimeout(() => this.#tellMarks(), MARK_DELAY_MS);
  }

  /** Whether the user looks at something else. */
  away(isAway: boolean): void {
    this.#state = isAway ? "away" : "online";
    this.#tellState();
  }

  /** The state of this device that a new connection tells: a device that is away must not seem online for a moment. */
  connecting(): DeviceState {
    this.#told = this.#state;
    return this.#state;
  }

  /** There is a connection again: sends what could not be sent before. */
  online(): void {
    this.#unsure = new Set(this.#states.keys());
    this.#tellState();
    this.#tellMarks();
  }

  /**
   * The client receives the events of its rooms again: reads what it has missed. Earlier, it would miss the changes in
   * between.
   */
  back(): void {
    void this.#learnAgain(0);
  }

  close(): void {
    clearTimeout(this.#marking);
    clearTimeout(this.#expiry);
    clearTimeout(this.#learning);
    this.#marking = undefined;
    for (const known of [this.#states, this.#typists, this.#marks, this.#watched, this.#typed, this.#toMark])
      known.clear();
  }

  takePresence({ users }: Emitted["presence"]): void {
    for (const { id, state } of users) {
      this.#states.set(id, state);
      this.#unsure.delete(id);
    }
    this.#options.onChange();
  }

  takeTyping({ room, user }: Emitted["typing"]): void {
    const typists = this.#typists.get(room) ?? new Map();
    this.#typists.set(room, typists.set(user.id, { typist: user, until: Date.now() + TYPING_LASTS_MS }));
    this.#expire();
    this.#options.onChange();
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
    this.#options.onChange();
  }

  async #learn(room: string): Promise<void> {
    const { connection } = this.#options;
    const asked = [connection.call("chat.presence", { room }), connection.call("chat.marks", { room })] as const;
    const [presence, marks] = await Promise.all(asked);
    this.takePresence(presence);
    this.takeMarks(marks);
  }

  /** After an interruption: users who were present and are not in the responses have gone. */
  async #learnAgain(tries: number): Promise<void> {
    clearTimeout(this.#learning);
    for (const room of this.#watched) {
      try {
        await this.#learn(room);
      } catch (error) {
        if (isTemporary(error)) {
          const wait = waitFor(error, tries, this.#options.backoff);
          if (this.#options.connection.isOpen) {
            this.#learning = setTimeout(() => void this.#learnAgain(tries + 1), wait);
          }
          return;
        }
        this.unwatch(room);
      }
    }
    for (const user of this.#unsure) this.#states.delete(user);
    this.#options.onChange();
  }

  /** Takes from the list of rooms how far the user has read on other devices, and the presence in direct rooms. */
  takeList(user: string | undefined, list: readonly RoomSummary[]): void {
    if (user === undefined) return;
    for (const { room, epoch, read } of list) this.takeMarks({ room, epoch, marks: [{ user, seq: read }] });
    this.takePresence({
      users: list.flatMap(({ peerId, peerState }) => (peerId && peerState ? { id: peerId, state: peerState } : [])),
    });
  }

  #tellState(): void {
    if (this.#told === this.#state || !this.#options.connection.isOpen) return;
    this.#told = this.#state;
    this.#options.connection.call("chat.setPresence", { state: this.#state }).catch(() => undefined);
  }

  #tellMarks(): void {
    clearTimeout(this.#marking);
    this.#marking = undefined;
    const { connection } = this.#options;
    if (!connection.isOpen) return;
    for (const [room, mark] of this.#toMark) {
      this.#toMark.delete(room);
      connection.call("chat.read", { room, ...mark }).catch(() => {
        // a newer mark may wait by now
        if (!connection.isOpen && !this.#toMark.has(room)) this.#toMark.set(room, mark);
      });
    }
  }

  #expire(): void {
    clearTimeout(this.#expiry);
    let next = Number.POSITIVE_INFINITY;
    const now = Date.now();
    for (const typists of this.#typists.values()) {
      for (const [user, { until }] of typists) {
        if (until <= now) typists.delete(user);
        else next = Math.min(next, until);
      }
    }
    if (next === Number.POSITIVE_INFINITY) return;
    this.#expiry = setTimeout(() => {
      this.#expire();
      this.#options.onChange();
    }, next - now);
  }
}
