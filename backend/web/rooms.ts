import type { Message } from "../domain/message.ts";
import type { Connection } from "./connection.ts";
import { type Backoff, isPassing, waitFor } from "./requests.ts";
import { Timeline } from "./timeline.ts";

export interface RoomsOptions {
  readonly connection: Connection;
  readonly backoff: Backoff;
  readonly onChange: () => void;
  /** After an interruption every room has been joined again: whatever is told in them arrives from now on. */
  readonly onBack: () => void;
  /** Told of messages that are in the store, whichever way they came, before the change that shows them. */
  readonly onStored: (messages: readonly Message[]) => void;
}

/** Rooms that are joined again at the same time; all at once would run into the limit of calls. */
const AT_ONCE = 4;
/** Milliseconds that a message may arrive out of order before what is missing is asked for. */
const GAP_PATIENCE = 250;

/** The rooms one is in, each with its timeline; after every interruption all of them go on where they stood. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #timelines = new Map<string, Timeline>();
  /** Rooms that have to be joined again. */
  readonly #due = new Set<string>();
  #joining = 0;
  #isComingBack = false;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  timeline(room: string): Timeline | undefined {
    return this.#timelines.get(room);
  }

  /** Joins a room, or comes back to it; answers its one name. */
  async join(room: string): Promise<string> {
    const position = this.#timelines.get(room)?.position;
    const state = await this.#options.connection.call("chat.join", { room, ...position });
    const timeline = this.#timelines.get(state.room) ?? new Timeline(state.room);
    this.#timelines.set(state.room, timeline);
    timeline.resume(state);
    this.#options.onStored(state.messages);
    this.#options.onChange();
    return state.room;
  }

  async leave(room: string): Promise<void> {
    this.#forget(room);
    await this.#options.connection.call("chat.leave", { room });
  }

  /** Gets a page of older messages. */
  async older(room: string): Promise<void> {
    const timeline = this.#timelines.get(room);
    const first = timeline?.messages[0];
    if (!timeline || !first) return;
    timeline.prepend(await this.#options.connection.call("chat.history", { room, cursor: first.seq }));
    this.#options.onChange();
  }

  /** There is a connection again. */
  online(): void {
    this.#tries = 0;
    this.#isComingBack = true;
    for (const room of this.#timelines.keys()) this.#due.add(room);
    this.#resume();
  }

  /** Takes a message, as it was announced or acknowledged. */
  take(message: Message): void {
    const timeline = this.#timelines.get(message.room);
    const arrival = timeline?.add(message);
    this.#options.onStored([message]);
    if (!timeline) return;
    if (arrival === "gap") {
      setTimeout(() => {
        if (!timeline.isWaiting || this.#timelines.get(message.room) !== timeline) return;
        this.#due.add(message.room);
        this.#resume();
      }, GAP_PATIENCE);
    }
    this.#options.onChange();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timelines.clear();
    this.#due.clear();
  }

  #forget(room: string): void {
    this.#timelines.delete(room);
    this.#due.delete(room);
    this.#options.onChange();
  }

  #resume(): void {
    clearTimeout(this.#timer);
    for (const room of this.#due) {
      if (this.#joining >= AT_ONCE || !this.#options.connection.isOpen) return;
      this.#due.delete(room);
      this.#joining += 1;
      void this.#joinAgain(room);
    }
    if (this.#joining > 0 || !this.#isComingBack) return;
    this.#isComingBack = false;
    this.#options.onBack();
  }

  /** Joins again from where the room stands here; while that fails for passing reasons, again. */
  async #joinAgain(room: string): Promise<void> {
    try {
      await this.join(room);
      this.#tries = 0;
    } catch (error) {
      if (isPassing(error) && this.#timelines.has(room)) {
        this.#due.add(room);
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#resume(), waitFor(error, this.#tries++, this.#options.backoff));
        return;
      }
      this.#forget(room); // one is no longer in it
    } finally {
      this.#joining -= 1;
    }
    this.#resume();
  }
}
