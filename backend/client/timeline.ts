import type { Message, RoomState } from "../chat/message.ts";

/** What became of a message that arrived. */
export type Arrival = "added" | "known" | "gap";

/** Where a client stands in a room: what it gives back to be told what it missed. */
export interface Position {
  readonly epoch: string;
  readonly cursor: number;
  /** Where the room's changes stood; absent when that is not known. */
  readonly revision?: number;
}

/** Changes that are kept for messages that are not here yet. */
const CHANGES = 200;

/**
 * The messages of one room in order, each once, without holes, as they were last edited: what comes too early waits
 * until the hole is filled, and a change waits for its message.
 */
export class Timeline {
  readonly room: string;
  #epoch: string | undefined;
  #revision: number | undefined;
  #messages: Message[] = [];
  #seq = 0;
  readonly #early = new Map<number, Message>();
  readonly #changes = new Map<number, Message>();

  /** `from`: starts there, as if everything up to it had been seen; older messages can be asked for. */
  constructor(room: string, from?: Position) {
    this.room = room;
    if (!from) return;
    this.#epoch = from.epoch;
    this.#seq = from.cursor;
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Where to resume; undefined before the room has been joined. */
  get position(): Position | undefined {
    if (this.#epoch === undefined) return undefined;
    const position = { epoch: this.#epoch, cursor: this.#seq };
    return this.#revision === undefined ? position : { ...position, revision: this.#revision };
  }

  /** Position of the first message that is here, or would come next. */
  get first(): number {
    return this.#messages[0]?.seq ?? this.#seq + 1;
  }

  /** Whether there are messages before the first one here. */
  get hasOlder(): boolean {
    return this.first > 1;
  }

  /** Whether something arrived that does not follow what is here. */
  get isWaiting(): boolean {
    return this.#early.size > 0;
  }

  /** Takes what joining answered: what was missed, or the newest page in place of everything that was here. */
  resume(state: RoomState): void {
    if (!state.recovered || state.epoch !== this.#epoch) {
      // what is here may have been edited meanwhile, and nobody would tell
      this.#messages = [];
      this.#seq = (state.messages[0]?.seq ?? state.seq + 1) - 1;
      if (state.epoch !== this.#epoch) this.#changes.clear();
      this.#epoch = state.epoch;
    }
    this.#revision = state.revision;
    for (const message of state.messages) this.#append(message);
    this.#seq = Math.max(this.#seq, state.seq);
    for (const message of state.changed) this.change(message);
    for (const [seq, message] of this.#early) {
      if (seq <= this.#seq || message.epoch !== this.#epoch) this.#early.delete(seq);
    }
    this.#takeEarly();
  }

  /**
   * Takes a message as it was announced or acknowledged. `gap`: something before it is missing; join again from
   * `position`.
   */
  add(message: Message): Arrival {
    if (message.epoch === this.#epoch && message.seq <= this.#seq) return "known";
    if (message.epoch === this.#epoch && message.seq === this.#seq + 1) {
      this.#append(message);
      this.#takeEarly();
      return "added";
    }
    this.#early.set(message.seq, message);
    return "gap";
  }

  /** Takes an edited or deleted message; of two changes the later one counts, whichever comes first. */
  change(message: Message): void {
    if (message.epoch !== this.#epoch) return;
    const known = this.#changes.get(message.seq);
    if (known && revisionOf(known) >= revisionOf(message)) return;
    this.#changes.delete(message.seq);
    this.#changes.set(message.seq, message);
    const [oldest] = this.#changes.keys();
    if (this.#changes.size > CHANGES && oldest !== undefined) this.#changes.delete(oldest);
    const index = message.seq - this.first;
    const here = this.#messages[index];
    if (here && revisionOf(here) < revisionOf(message)) this.#messages = this.#messages.with(index, message);
  }

  /** Takes a page of older messages. */
  prepend(older: RoomState): void {
    if (older.epoch !== this.#epoch || older.messages.at(-1)?.seq !== this.first - 1) return;
    this.#messages = [...older.messages.map((message) => this.#latest(message)), ...this.#messages];
  }

  #append(message: Message): void {
    if (message.seq !== this.#seq + 1) return;
    this.#messages = [...this.#messages, this.#latest(message)];
    this.#seq = message.seq;
  }

  #latest(message: Message): Message {
    const changed = this.#changes.get(message.seq);
    return changed && revisionOf(changed) > revisionOf(message) ? changed : message;
  }

  #takeEarly(): void {
    for (let next = this.#early.get(this.#seq + 1); next; next = this.#early.get(this.#seq + 1)) {
      this.#early.delete(next.seq);
      this.#append(next);
    }
  }
}

function revisionOf({ revision = 0 }: Message): number {
  return revision;
}
