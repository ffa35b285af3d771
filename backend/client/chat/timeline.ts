import type { Message, RoomState } from "./chat-types.ts";

/** Whether a message was added, was there already, or leaves a gap before it. */
export type Arrival = "added" | "known" | "gap";

/** The position of a client in a room. The server sends what comes after it. */
export interface Position {
  readonly epoch: string;
  readonly cursor: number;
  /** The room's revision up to which the client has seen changes; missing when it is not known. */
  readonly revision?: number;
}

/** Maximum number of changes that are kept for messages that have not arrived yet. */
const MAX_CHANGES = 200;

/**
 * The messages of one room in order, each once, without gaps, as they were last edited. A message that arrives too
 * early waits until the gap before it is filled, and a change waits for its message.
 */
export class Timeline {
  readonly room: string;
  #epoch: string | undefined;
  #revision: number | undefined;
  #messages: Message[] = [];
  #seq = 0;
  readonly #early = new Map<number, Message>();
  readonly #changes = new Map<number, Message>();

  /** Starts after the position `from`; older messages can be loaded. */
  constructor(room: string, from?: Position) {
    this.room = room;
    if (!from) return;
    this.#epoch = from.epoch;
    this.#seq = from.cursor;
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** From where to continue; undefined before the room is joined. */
  get position(): Position | undefined {
    if (this.#epoch === undefined) return undefined;
    const position = { epoch: this.#epoch, cursor: this.#seq };
    return this.#revision === undefined ? position : { ...position, revision: this.#revision };
  }

  /** Position of the first message that the client has; without any, that of the next one. */
  get first(): number {
    return this.#messages[0]?.seq ?? this.#seq + 1;
  }

  /** Whether the room has older messages. */
  get hasOlder(): boolean {
    return this.first > 1;
  }

  /** Whether a message has arrived before an earlier one. */
  get isWaiting(): boolean {
    return this.#early.size > 0;
  }

  /** Takes the result of a join: the messages that were missed, or the newest page in place of all messages here. */
  resume(state: RoomState & { readonly more?: true }): void {
    if (!state.recovered || state.epoch !== this.#epoch) {
      // messages here may have been edited without an event; those after the page arrived while it was read
      for (const message of this.#messages) if (message.seq > state.seq) this.#early.set(message.seq, message);
      this.#messages = [];
      this.#seq = (state.messages[0]?.seq ?? state.seq + 1) - 1;
      for (const [seq, { epoch }] of this.#changes) if (epoch !== state.epoch) this.#changes.delete(seq);
      this.#epoch = state.epoch;
    }
    this.#revision = state.revision;
    for (const message of state.messages) {
      // one that has arrived before the response may have been edited before the room was joined
      if (message.seq <= this.#seq && message.revision !== undefined) this.change(message);
      this.#append(message);
    }
    this.#seq = Math.max(this.#seq, state.seq);
    // the next part has these as they were last edited; here they may be from before an interruption
    if (state.more) this.#early.clear();
    for (const message of state.changed) this.change(message);
    for (const [seq, message] of this.#early) {
      if (seq <= this.#seq || message.epoch !== this.#epoch) this.#early.delete(seq);
    }
    this.#takeEarly();
  }

  /** Takes a message of an event or an acknowledgement. After `gap`, join again from `position`. */
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

  /** Takes an edited or deleted message. Of two changes the later revision counts, in whatever order they arrive. */
  change(message: Message): void {
    // before the room is joined its epoch is not known
    if (this.#epoch !== undefined && message.epoch !== this.#epoch) return;
    const known = this.#changes.get(message.seq);
    if (known && revisionOf(known) >= revisionOf(message)) return;
    this.#changes.delete(message.seq);
    this.#changes.set(message.seq, message);
    const [oldest] = this.#changes.keys();
    if (this.#changes.size > MAX_CHANGES && oldest !== undefined) this.#changes.delete(oldest);
    const index = message.seq - this.first;
    const shown = this.#messages[index];
    if (shown && revisionOf(shown) < revisionOf(message)) this.#messages = this.#messages.with(index, message);
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
