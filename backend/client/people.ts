import type { Emitted, PresenceState, RoomSummary } from "../contract/actions.ts";
import type { Connection, DeviceState } from "./connection.ts";
import { type Backoff, isPassing, waitFor } from "./requests.ts";

export interface PeopleOptions {
  readonly connection: Connection;
  readonly backoff: Backoff;
  readonly onChange: () => void;
}

/** Somebody who is writing. */
export type Typist = Emitted["typing"]["user"];

/** Milliseconds between two words to the server that one is writing in a room. */
const TYPING_PACE = 3_000;
/** Milliseconds for which somebody counts as writing after the last word of it. */
const TYPING_HOLDS = 6_000;
/** Milliseconds for which marks are collected, so that reading along is not a call for every message. */
const MARK_PAUSE = 500;

/** What one knows of the others: who is there, who is writing, who has read how far; and what one lets them know. */
export class People {
  readonly #options: PeopleOptions;
  readonly #states = new Map<string, PresenceState>();
  /** Whose state was last heard over a connection that is gone. */
  #unsure = new Set<string>();
  readonly #typists = new Map<string, Map<string, { readonly typist: Typist; readonly until: number }>>();
  readonly #marks = new Map<string, { readonly epoch: string; readonly seqs: Map<string, number> }>();
  readonly #watched = new Set<string>();
  readonly #typed = new Map<string, number>();
  readonly #toMark = new Map<string, { readonly epoch: string; readonly seq: number }>();
  #state: DeviceState = "online";
  /** What the server was last told of this device. */
  #told: DeviceState = "online";
  #marking: ReturnType<typeof setTimeout> | undefined;
  #expiry: ReturnType<typeof setTimeout> | undefined;
  #learning: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** Whether somebody is there, of those in rooms that are watched and in small rooms. */
  stateOf(user: string): PresenceState {
    return this.#states.get(user) ?? "offline";
  }

  /** Who is writing in a room now. */
  typists(room: string): readonly Typist[] {
    return [...(this.#typists.get(room)?.values() ?? [])].map(({ typist }) => typist);
  }

  /** How far somebody has read a room, as far as is known; 0 when nothing is. */
  mark(room: string, user: string): number {
    return this.#marks.get(room)?.seqs.get(user) ?? 0;
  }

  /** How far each has read a room. */
  marks(room: string): ReadonlyMap<string, number> {
    return this.#marks.get(room)?.seqs ?? new Map();
  }

  /** Learns who of a room is there and how far each has read, now and after every interruption. */
  async watch(room: string): Promise<void> {
    this.#watched.add(room);
    if (this.#options.connection.isOpen) await this.#learn(room);
  }

  /** Stops to learn more of a room than comes by itself. */
  unwatch(room: string): void {
    this.#watched.delete(room);
  }

  /** Lets the others of a room know that one is writing; however often it is called. */
  typing(room: string): void {
    const now = Date.now();
    if (!this.#options.connection.isOpen || now - (this.#typed.get(room) ?? 0) < TYPING_PACE) return;
    this.#typed.set(room, now);
    // that it is refused shows when the message is sent
    this.#options.connection.call("chat.typing", { room }).catch(() => undefined);
  }

  /** One has written what was being written: the next word of it is told at once. */
  sent(room: string): void {
    this.#typed.delete(room);
  }

  /** One has read a room up to this position; told soon, or when there is a connection again. */
  read(room: string, user: string, { epoch, cursor }: { readonly epoch: string; readonly cursor: number }): void {
    if (cursor <= this.mark(room, user) && this.#marks.get(room)?.epoch === epoch) return;
    this.takeMarks({ room, epoch, marks: [{ user, seq: cursor }] });
    this.#toMark.set(room, { epoch, seq: cursor });
    this.#marking ??= setTimeout(() => this.#tellMarks(), MARK_PAUSE);
  }

  /** Whether one looks at something else. */
  away(isAway: boolean): void {
    this.#state = isAway ? "away" : "online";
    this.#tellState();
  }

  /**
   * What a connection says of this device when it is made: nobody shall see it there, be it for a moment, while it is
   * not.
   */
  connecting(): DeviceState {
    this.#told = this.#state;
    return this.#state;
  }

  /** There is a connection again: what could not be told is told. */
  online(): void {
    this.#unsure = new Set(this.#states.keys());
    this.#tellState();
    this.#tellMarks();
  }

  /**
   * Whoever comes and goes is told again: what was missed is asked for, and not before, or a change in between would be
   * missed.
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
    this.#typists.set(room, typists.set(user.id, { typist: user, until: Date.now() + TYPING_HOLDS }));
    this.#expire();
    this.#options.onChange();
  }

  /** Who has said it is no longer writing it. */
  stopTyping(room: string, user: string): void {
    this.#typists.get(room)?.delete(user);
  }

  /** Takes marks; each only ever grows, whatever order they come in, unless the room has begun anew. */
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

  /** After an interruption: who was there and is not mentioned any more has gone meanwhile. */
  async #learnAgain(tries: number): Promise<void> {
    clearTimeout(this.#learning);
    for (const room of this.#watched) {
      try {
        await this.#learn(room);
      } catch (error) {
        if (isPassing(error)) {
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

  /**
   * Takes what the list of rooms says: how far one has read on other devices, and whether those are there whom one
   * talks to directly.
   */
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
        // a newer one may be waiting by now
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
