import type { Message } from "../chat/message.ts";
import type { Emitted, RoomSummary } from "../contract/actions.ts";
import type { Connection } from "./connection.ts";
import { type Backoff, isPassing, waitFor } from "./requests.ts";
import { Timeline } from "./timeline.ts";

export interface RoomsOptions {
  readonly connection: Connection;
  readonly backoff: Backoff;
  /** Whether every room of the list is joined, so that what happens there arrives. */
  readonly follow: boolean;
  readonly onChange: () => void;
  /** The list has been read. */
  readonly onList: (list: readonly RoomSummary[]) => void;
  /** After an interruption every room has been joined again: whatever is told in them arrives from now on. */
  readonly onBack: () => void;
  /** Told of messages that are in the store, whichever way they came, before the change that shows them. */
  readonly onStored: (messages: readonly Message[]) => void;
}

/** Rooms that are joined again at the same time; all at once would run into the limit of calls. */
const AT_ONCE = 4;
/** Rooms that are followed; one connection may be in 100. */
const FOLLOWED = 90;
/** Milliseconds that a message may arrive out of order before what is missing is asked for. */
const GAP_PATIENCE = 250;
/**
 * Milliseconds between two looks at the list: what was told and never arrived, with nothing after it, shows only
 * there.
 */
const CHECK = 60_000;

/** The rooms one is in, each with its timeline; after every interruption all of them go on where they stood. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #timelines = new Map<string, Timeline>();
  /** Rooms that have to be joined again. */
  readonly #due = new Set<string>();
  /**
   * When each room was left, in the order of such moments: what was asked before and answers after it does not bring
   * the room back.
   */
  readonly #left = new Map<string, number>();
  #moment = 0;
  #list: readonly RoomSummary[] = [];
  #reading: Promise<void> | undefined;
  #isStale = false;
  #joining = 0;
  #isComingBack = false;
  /** After an interruption, whether the list has been read again: nothing is joined before. */
  #mayJoin = false;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #check: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** The rooms one is in or invited to, as they stood when the list was last read. */
  get list(): readonly RoomSummary[] {
    return this.#list;
  }

  timeline(room: string): Timeline | undefined {
    return this.#timelines.get(room);
  }

  /** Joins a room, or comes back to it; answers its one name. */
  async join(room: string): Promise<string> {
    const position = this.#timelines.get(room)?.position;
    const asked = ++this.#moment;
    const state = await this.#options.connection.call("chat.join", { room, ...position });
    if (this.#wasLeft(state.room, asked)) return state.room;
    const timeline = this.#timelines.get(state.room) ?? new Timeline(state.room);
    this.#timelines.set(state.room, timeline);
    timeline.resume(state);
    this.#options.onStored(state.messages);
    this.#options.onChange();
    if (state.more) {
      this.#due.add(state.room);
      this.#resume();
    }
    return state.room;
  }

  /** Joins a room if that has not happened, and gets its newest page if nothing of it is here. */
  async open(room: string): Promise<string> {
    const name = this.#timelines.has(room) ? room : await this.join(room);
    if (this.#timelines.get(name)?.messages.length === 0) await this.older(name);
    return name;
  }

  async leave(room: string): Promise<void> {
    this.#forget(room);
    await this.#options.connection.call("chat.leave", { room });
  }

  /** Gets a page of older messages. */
  async older(room: string): Promise<void> {
    const timeline = this.#timelines.get(room);
    if (!timeline?.hasOlder) return;
    timeline.prepend(await this.#options.connection.call("chat.history", { room, cursor: timeline.first }));
    this.#options.onChange();
  }

  /** There is a connection again. */
  online(): void {
    this.#tries = 0;
    this.#isComingBack = true;
    this.#mayJoin = false;
    void this.#comeBack();
  }

  /** Reads the list again. Throws a `RequestError`. */
  refresh(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
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

  /** Takes a message that was edited or deleted. */
  change(message: Message): void {
    this.#timelines.get(message.room)?.change(message);
    this.#options.onChange();
  }

  /** Takes what happened to one's membership. */
  membership({ room, change }: Emitted["membership"]): void {
    if (change === "left" || change === "kicked" || change === "banned") {
      this.#list = this.#list.filter((one) => one.room !== room);
      this.#forget(room);
    } else {
      this.refresh().catch(() => undefined); // the next look at the list shows it
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#check);
    this.#timelines.clear();
    this.#due.clear();
    this.#left.clear();
    this.#list = [];
  }

  /**
   * Looks first which rooms one is still in: joining the others again would undo what happened meanwhile, a leaving on
   * another device for one. Then joins each from where it stands here.
   */
  async #comeBack(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      const { connection, backoff } = this.#options;
      clearTimeout(this.#timer);
      if (connection.isOpen && isPassing(error))
        this.#timer = setTimeout(() => void this.#comeBack(), waitFor(error, this.#tries++, backoff));
      return;
    }
    for (const room of this.#timelines.keys()) this.#due.add(room);
    this.#mayJoin = true;
    this.#resume();
  }

  async #readAll(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false; // what changes from here on is read in another turn
      await this.#read();
    }
  }

  async #read(): Promise<void> {
    clearTimeout(this.#check);
    this.#check = setTimeout(() => void this.refresh().catch(() => undefined), CHECK * (1 + Math.random()));
    const { connection, follow, onList, onChange } = this.#options;
    const before = new Set(this.#timelines.keys());
    const asked = ++this.#moment;
    const list: RoomSummary[] = [];
    for (let more = true; more; ) {
      const after = list.at(-1)?.room;
      const page = await connection.call("chat.rooms", after === undefined ? {} : { after });
      list.push(...page.rooms.filter(({ room }) => !this.#wasLeft(room, asked)));
      more = page.more;
    }
    this.#list = list;
    onList(list);
    const joined = list.filter(({ role }) => role !== null);
    const known = new Set(joined.map(({ room }) => room));
    for (const room of before) if (!known.has(room)) this.#forget(room);
    for (const { room, epoch, seq, unread } of joined) {
      const position = this.#timelines.get(room)?.position;
      if (position && position.epoch === epoch && position.cursor >= seq) continue;
      if (!this.#timelines.has(room)) {
        if (!follow || this.#timelines.size >= FOLLOWED) continue;
        // where there is something to read, the newest page says who wrote and whether one is mentioned
        this.#timelines.set(room, new Timeline(room, unread > 0 ? undefined : { epoch, cursor: seq }));
      }
      this.#due.add(room);
    }
    if (!this.#isComingBack) this.#resume();
    onChange();
  }

  #wasLeft(room: string, since: number): boolean {
    return (this.#left.get(room) ?? 0) > since;
  }

  #forget(room: string): void {
    this.#left.set(room, ++this.#moment);
    this.#timelines.delete(room);
    this.#due.delete(room);
    this.#options.onChange();
  }

  #resume(): void {
    if (!this.#mayJoin) return;
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
      if (this.#timelines.has(room)) await this.join(room);
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
