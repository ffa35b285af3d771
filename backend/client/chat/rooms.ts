import { type Emitted, isTemporary, type SiteClient, waitFor } from "../index.ts";
import type { Message, RoomSummary } from "./chat-types.ts";
import { Timeline } from "./timeline.ts";

export interface RoomsOptions {
  readonly client: SiteClient;
  /** Whether all rooms of the list are joined, so that their events arrive. */
  readonly follow: boolean;
  /** Called when the list was read. */
  readonly onList: (list: readonly RoomSummary[]) => void;
  /** Called after an interruption when all rooms are joined again, so that their events arrive. */
  readonly onResumed: () => void;
  /** Called with messages that the server has stored, before the client reports a change. */
  readonly onStored: (messages: readonly Message[]) => void;
}

/** Maximum number of rooms that are joined at the same time: more would exceed the rate limit of calls. */
const MAX_JOINING = 4;
/** Maximum number of rooms that are followed; one connection may be in 100. */
const MAX_FOLLOWED = 90;
/** Milliseconds for which the client waits for a missing message, which may be late, before it asks for it. */
const GAP_WAIT_MS = 250;
/**
 * Milliseconds between two readings of the list of rooms. When the last message of a room has not arrived, only the
 * list shows that there is one.
 */
const LIST_INTERVAL_MS = 60_000;

/** The user's rooms, each with its timeline. After every interruption all of them continue where they were. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #timelines = new Map<string, Timeline>();
  /** Number of current calls that join a room for the first time. */
  #firstJoins = 0;
  /** Events that arrived before the response to a first join, by room. */
  readonly #early = new Map<string, Timeline>();
  /** Rooms that have to be joined again. */
  readonly #toJoin = new Set<string>();
  /**
   * When each room was left, as a value of `#counter`: the response to an earlier request must not add the room again.
   */
  readonly #left = new Map<string, number>();
  /** Counts the requests whose response may add rooms, and the rooms that were left. */
  #counter = 0;
  #list: readonly RoomSummary[] = [];
  #reading: Promise<void> | undefined;
  #isStale = false;
  #joining = 0;
  #isResuming = false;
  /** Whether the list was read after the last interruption. Before, no room is joined again. */
  #mayJoin = false;
  #tries = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #listTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** The rooms that the user is in or invited to, as they were when the list was read. */
  get list(): readonly RoomSummary[] {
    return this.#list;
  }

  timeline(room: string): Timeline | undefined {
    return this.#timelines.get(room);
  }

  /** Joins a room from the client's position in it, and returns its key. */
  async join(room: string): Promise<string> {
    const known = this.#timelines.get(room);
    const requestNumber = ++this.#counter;
    if (!known) this.#firstJoins += 1;
    try {
      const state = await this.#options.client.call("chat.join", { room, ...known?.position });
      if (this.#wasLeft(state.room, requestNumber)) return state.room;
      const timeline = this.#timelineFor(state.room) ?? new Timeline(state.room);
      this.#early.delete(state.room);
      this.#timelines.set(state.room, timeline);
      timeline.resume(state);
      this.#options.onStored(state.messages);
      this.#options.client.changed();
      if (state.more) {
        this.#toJoin.add(state.room);
        this.#joinDue();
      }
      return state.room;
    } finally {
      if (!known) this.#firstJoins -= 1;
      if (this.#firstJoins === 0) this.#early.clear();
    }
  }

  /** Joins a room if it is not joined, and loads its newest page if no message is here. Returns its key. */
  async open(room: string): Promise<string> {
    // a page that is read before the room is joined may be edited in between, without an event
    const isJoined = this.#timelines.get(room)?.position?.revision !== undefined;
    const name = isJoined ? room : await this.join(room);
    if (this.#timelines.get(name)?.messages.length === 0) await this.older(name);
    return name;
  }

  async leave(room: string): Promise<void> {
    this.#forget(room);
    await this.#options.client.call("chat.leave", { room });
  }

  /** Loads a page of older messages. */
  async older(room: string): Promise<void> {
    const timeline = this.#timelines.get(room);
    if (!timeline?.hasOlder) return;
    timeline.prepend(await this.#options.client.call("chat.history", { room, cursor: timeline.first }));
    this.#options.client.changed();
  }

  /** Resumes all rooms. To be called when there is a connection again. */
  resumeAll(): void {
    this.#tries = 0;
    this.#isResuming = true;
    this.#mayJoin = false;
    void this.#resumeAll();
  }

  /** Reads the list again. Throws a `RequestError`. */
  refresh(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#readUntilFresh().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Takes a message of an event or an acknowledgement. */
  take(message: Message): void {
    const timeline = this.#timelineFor(message.room);
    const arrival = timeline?.add(message);
    this.#options.onStored([message]);
    if (!timeline) return;
    if (arrival === "gap") {
      setTimeout(() => {
        if (!timeline.isWaiting || this.#timelines.get(message.room) !== timeline) return;
        this.#toJoin.add(message.room);
        this.#joinDue();
      }, GAP_WAIT_MS);
    }
    this.#options.client.changed();
  }

  /** Takes a message that was edited or deleted. */
  change(message: Message): void {
    this.#timelineFor(message.room)?.change(message);
    this.#options.client.changed();
  }

  /** Takes a change of the user's membership. */
  membership({ room, change }: Emitted["membership"]): void {
    if (change === "left" || change === "kicked" || change === "banned") {
      this.#list = this.#list.filter((one) => one.room !== room);
      this.#forget(room);
    } else {
      this.refresh().catch(() => undefined); // the next reading of the list shows it
    }
  }

  close(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#listTimer);
    this.#timelines.clear();
    this.#early.clear();
    this.#toJoin.clear();
    this.#left.clear();
    this.#list = [];
  }

  /**
   * Reads which rooms the user is still in, then joins each of them again from its position. Joining all earlier rooms
   * would undo, for example, a leave on another device.
   */
  async #resumeAll(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      const { client } = this.#options;
      clearTimeout(this.#retryTimer);
      if (client.isConnected && isTemporary(error))
        this.#retryTimer = setTimeout(() => void this.#resumeAll(), waitFor(error, this.#tries++, client.backoff));
      return;
    }
    for (const room of this.#timelines.keys()) this.#toJoin.add(room);
    this.#mayJoin = true;
    this.#joinDue();
  }

  async #readUntilFresh(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false; // changes from here on need another reading
      await this.#readList();
    }
  }

  async #readList(): Promise<void> {
    clearTimeout(this.#listTimer);
    this.#listTimer = setTimeout(
      () => void this.refresh().catch(() => undefined),
      LIST_INTERVAL_MS * (1 + Math.random()),
    );
    const { client, follow, onList } = this.#options;
    const before = new Set(this.#timelines.keys());
    const requestNumber = ++this.#counter;
    const list: RoomSummary[] = [];
    for (let more = true; more; ) {
      const after = list.at(-1)?.room;
      const page = await client.call("chat.rooms", after === undefined ? {} : { after });
      list.push(...page.rooms.filter(({ room }) => !this.#wasLeft(room, requestNumber)));
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
        if (!follow || this.#timelines.size >= MAX_FOLLOWED) continue;
        // where messages are unread, the newest page shows who wrote and whether the user is mentioned
        this.#timelines.set(room, new Timeline(room, unread > 0 ? undefined : { epoch, cursor: seq }));
      }
      this.#toJoin.add(room);
    }
    if (!this.#isResuming) this.#joinDue();
    client.changed();
  }

  #wasLeft(room: string, since: number): boolean {
    return (this.#left.get(room) ?? 0) > since;
  }

  #forget(room: string): void {
    this.#left.set(room, ++this.#counter);
    this.#timelines.delete(room);
    this.#early.delete(room);
    this.#toJoin.delete(room);
    this.#options.client.changed();
  }

  /** The timeline for an event of a room. Undefined for a room that is not joined, and that no current call joins. */
  #timelineFor(room: string): Timeline | undefined {
    const known = this.#timelines.get(room) ?? this.#early.get(room);
    if (known || this.#firstJoins === 0) return known;
    const timeline = new Timeline(room);
    this.#early.set(room, timeline);
    return timeline;
  }

  #joinDue(): void {
    if (!this.#mayJoin) return;
    clearTimeout(this.#retryTimer);
    for (const room of this.#toJoin) {
      if (this.#joining >= MAX_JOINING || !this.#options.client.isConnected) return;
      this.#toJoin.delete(room);
      this.#joining += 1;
      void this.#joinAgain(room);
    }
    if (this.#joining > 0 || !this.#isResuming) return;
    this.#isResuming = false;
    this.#options.onResumed();
  }

  /** Joins a room again from the client's position in it, and tries again after temporary errors. */
  async #joinAgain(room: string): Promise<void> {
    try {
      if (this.#timelines.has(room)) await this.join(room);
      this.#tries = 0;
    } catch (error) {
      if (isTemporary(error) && this.#timelines.has(room)) {
        this.#toJoin.add(room);
        clearTimeout(this.#retryTimer);
        this.#retryTimer = setTimeout(
          () => this.#joinDue(),
          waitFor(error, this.#tries++, this.#options.client.backoff),
        );
        return;
      }
      this.#forget(room); // the user is no longer in it
    } finally {
      this.#joining -= 1;
    }
    this.#joinDue();
  }
}
