import type { Message, RoomState } from "../domain/message.ts";

/** What became of a message that arrived. */
export type Arrival = "added" | "known" | "gap";

/** The messages of one room in order, each once, without holes: what comes too early waits until the hole is filled. */
export class Timeline {
  readonly room: string;
  #epoch: string | undefined;
  #messages: Message[] = [];
  #seq = 0;
  readonly #early = new Map<number, Message>();

  constructor(room: string) {
    this.room = room;
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Where to resume; undefined before the room has been joined. */
  get position(): { readonly epoch: string; readonly cursor: number } | undefined {
    return this.#epoch === undefined ? undefined : { epoch: this.#epoch, cursor: this.#seq };
  }

  /** Whether there are messages before the first one here. */
  get hasOlder(): boolean {
    return (this.#messages[0]?.seq ?? 1) > 1;
  }

  /** Whether something arrived that does not follow what is here. */
  get isWaiting(): boolean {
    return this.#early.size > 0;
  }

  /** Takes what joining answered: the missed messages, or the newest page in place of what was here. */
  resume(state: RoomState): void {
    if (!state.recovered || state.epoch !== this.#epoch) {
      const first = state.messages[0]?.seq ?? state.seq + 1;
      const follows = state.epoch === this.#epoch && first <= this.#seq + 1 && state.seq >= this.#seq;
      if (!follows) {
        this.#messages = [];
        this.#seq = first - 1;
      }
      this.#epoch = state.epoch;
    }
    for (const message of state.messages) this.#append(message);
    this.#seq = Math.max(this.#seq, state.seq);
    for (const [seq, message] of this.#early) {
      if (seq <= this.#seq || message.epoch !== this.#epoch) this.#early.delete(seq);
    }
    this.#takeEarly();
  }

  /** Takes a message as it was announced or acknowledged. `gap`: something before it is missing; join again from `position`. */
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

  /** Takes a page of older messages. */
  prepend(older: RoomState): void {
    const first = this.#messages[0]?.seq;
    if (older.epoch !== this.#epoch || first === undefined || older.messages.at(-1)?.seq !== first - 1) return;
    this.#messages = [...older.messages, ...this.#messages];
  }

  #append(message: Message): void {
    if (message.seq !== this.#seq + 1) return;
    this.#messages = [...this.#messages, message];
    this.#seq = message.seq;
  }

  #takeEarly(): void {
    for (let next = this.#early.get(this.#seq + 1); next; next = this.#early.get(this.#seq + 1)) {
      this.#early.delete(next.seq);
      this.#append(next);
    }
  }
}
