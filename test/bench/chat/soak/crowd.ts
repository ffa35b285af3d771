import type { Message } from "../../../../backend/chat/shapes.ts";
import { addressOf } from "../../line.ts";
import type { Account } from "../site/accounts.ts";
import type { Balancer } from "../site/balancer.ts";
import { LightClient } from "../site/light-client.ts";
import { Attendance, MAX_EDIT_DELAY_MS } from "./attendance.ts";
import { Author } from "./author.ts";
import type { Figures, Period } from "./figures.ts";
import { type Ledger, originalOf, partsOf } from "./ledger.ts";
import { PageClient } from "./page-client.ts";

const CLIENTS_PER_ROOM = 6; // light ones
/** The page's own clients, each in a room of its own beside the light ones. */
export const PAGE_CLIENTS = 6;
/** One room of this many has few messages: there a lost message is long not followed by one that shows the gap. */
const QUIET_ROOM_EVERY = 10;
/** In one room of this many, the reader is a visitor, which connects and disconnects. */
const VISITOR_ROOM_EVERY = 4;
/** Milliseconds between two messages of a quiet author, and of a page's client. */
const QUIET_INTERVAL_MS = 20_000;
/** Maximum number of a client's messages without acknowledgement; at that many it writes no further one. */
const MAX_PENDING = 100;
/** Mean milliseconds that a visitor stays, and stays away; half as long to one and a half times as long. */
const MEAN_VISIT_MS = 20_000;
/** Milliseconds after an acknowledgement after which another client gets the message or edit late. */
const LATE_MS = 1_000;

/** One light client and what is known of it. */
export interface Member {
  readonly name: string;
  readonly client: LightClient;
  readonly author: Author | undefined;
  readonly isQuiet: boolean;
  readonly isVisitor: boolean;
  readonly attendance: Attendance;
  /** Texts of edited messages, by number in the room. */
  readonly edits: Map<number, string>;
  /** Number of the last message before its first join; -1 until then. */
  seqBeforeJoin: number;
  absence: { readonly at: number; readonly period: Period } | undefined;
  /** When it writes next, or as a visitor connects or disconnects next; 0 before its first time. */
  dueAt: number;
}

/**
 * All clients. Of the six in a room, four send a message only when the one before is acknowledged, one does not wait,
 * and one only reads or is a visitor.
 */
export class Crowd {
  readonly members: readonly Member[];
  readonly pages: readonly PageClient[];
  readonly #ledger: Ledger;
  readonly #figures: Figures;

  constructor(accounts: readonly Account[], clients: number, balancer: Balancer, ledger: Ledger, figures: Figures) {
    this.#ledger = ledger;
    this.#figures = figures;
    this.members = accounts.slice(0, clients).map((account, n) => this.#member(account, n, balancer));
    this.pages = accounts
      .slice(clients)
      .map((account, n) => new PageClient(account.id, balancer.url, roomOf(n * CLIENTS_PER_ROOM), ledger));
  }

  /** Connects all clients. */
  async open(accounts: readonly Account[]): Promise<void> {
    for (const { client } of this.members) {
      client.open();
      while (!client.isBack) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    for (const [n, page] of this.pages.entries()) await page.open(accounts[this.members.length + n] as Account);
  }

  close(): void {
    for (const { client } of this.members) client.close();
    for (const { client } of this.pages) client.close();
  }

  resetAll(): void {
    for (const { client } of this.members) client.reset();
  }

  /** Members that should be connected and are not. */
  get disconnected(): readonly Member[] {
    return this.members.filter(({ client }) => client.isWanted && !client.isBack);
  }

  /** Messages that are not acknowledged. */
  get pending(): number {
    const light = this.members.reduce((sum, { author }) => sum + (author?.pending ?? 0), 0);
    return this.pages.reduce((sum, { pending }) => sum + pending, light);
  }

  /** Edits under way. */
  get editing(): number {
    return this.members.reduce((sum, { author }) => sum + (author?.editing ?? 0), 0);
  }

  /** The authors of the rooms that are not quiet. */
  get busyAuthors(): readonly Author[] {
    return this.members.flatMap(({ author, isQuiet }) => (author && !isQuiet ? [author] : []));
  }

  /**
   * Lets each client that is due write, connect or disconnect. Each busy author writes `perSecond` messages. Expects to
   * be called 50 times a second.
   */
  advance(perSecond: number): void {
    const now = performance.now();
    for (const member of this.members) {
      if (member.dueAt > now) continue;
      const { author, client, isQuiet, isVisitor } = member;
      const isFirst = member.dueAt === 0;
      const span = isVisitor ? MEAN_VISIT_MS : isQuiet ? QUIET_INTERVAL_MS : 1000 / perSecond;
      member.dueAt = (isFirst ? now : Math.max(member.dueAt, now - span)) + span * (0.5 + Math.random());
      if (isFirst) member.dueAt = now + span * Math.random();
      else if (isVisitor && client.isWanted) client.close();
      else if (isVisitor) client.open();
      else if (author && author.pending < MAX_PENDING) author.write();
    }
    for (const page of this.pages) {
      if (Math.random() < 0.02 / (QUIET_INTERVAL_MS / 1000)) page.write();
    }
  }

  #member(account: Account, n: number, balancer: Balancer): Member {
    const ledger = this.#ledger;
    const figures = this.#figures;
    const name = account.id;
    const indexInRoom = n % CLIENTS_PER_ROOM;
    const room = Math.floor(n / CLIENTS_PER_ROOM);
    const attendance = new Attendance();
    const client = new LightClient({
      account,
      address: addressOf(n),
      room: roomOf(n),
      order: balancer.order,
      onMessage: (message, how) => this.#receive(member, message, how),
      onChange: (message) => this.#receiveEdit(member, message),
      onRestart: (last) => attendance.restarted(last),
      onDoubled: ({ room, seq, text }) => ledger.wrong("doubled", `${name} got ${text} (${room} ${seq}) twice`),
      onAway() {
        attendance.left(performance.now());
        if (client.isWanted) member.absence ??= { at: performance.now(), period: figures.current };
      },
      onBack() {
        const now = performance.now();
        attendance.back(now);
        if (member.seqBeforeJoin < 0) member.seqBeforeJoin = client.cursor;
        if (member.absence) member.absence.period.away.push(now - member.absence.at);
        member.absence = undefined;
        member.author?.flush();
      },
      onRefused: (code) => figures.refused(code),
      onSignedOut: () => ledger.wrong("signed out", name),
    });
    const isSequential = indexInRoom < CLIENTS_PER_ROOM - 2;
    const isReader = indexInRoom === CLIENTS_PER_ROOM - 1;
    const member: Member = {
      ...{
        name,
        client,
        attendance,
        edits: new Map<number, string>(),
        seqBeforeJoin: -1,
        absence: undefined,
        dueAt: 0,
      },
      author: isReader ? undefined : new Author({ name, client, ledger, figures, isSequential }),
      isQuiet: room % QUIET_ROOM_EVERY === QUIET_ROOM_EVERY - 1,
      isVisitor: isReader && room % VISITOR_ROOM_EVERY === VISITOR_ROOM_EVERY - 1,
    };
    return member;
  }

  #receive(member: Member, message: { room: string; seq: number; text: string }, how: "pushed" | "asked"): void {
    const ledger = this.#ledger;
    const { current } = this.#figures;
    ledger.place(message, member.name);
    if (message.text.includes(" ")) this.#receiveEdit(member, message);
    const { author, number } = partsOf(originalOf(message.text));
    const sent = ledger.sent.get(author);
    if (!sent || author === member.name) return;
    const now = performance.now();
    if (how === "pushed" && member.client.isBack) current.deliveries.push(now - (sent.at[number] ?? Number.NaN));
    this.#recordDelay(member, sent.acknowledgedAt[number]);
  }

  #receiveEdit(member: Member, { room, seq, text }: Pick<Message, "room" | "seq" | "text">): void {
    if (member.edits.has(seq)) return;
    member.edits.set(seq, text);
    const edit = this.#ledger.editOf(text);
    const late = this.#recordDelay(member, edit?.acknowledgedAt);
    if (late <= MAX_EDIT_DELAY_MS) return;
    const seconds = (late / 1000).toFixed(1);
    const sentence = `${member.name} was connected for ${seconds} s without the edit of ${room} ${seq} (${edit?.period})`;
    this.#ledger.wrong("edit not heard", sentence);
  }

  /** Records for how long a client was connected without what it has just got. Returns the milliseconds. */
  #recordDelay({ attendance }: Member, acknowledgedAt = Number.POSITIVE_INFINITY): number {
    const late = attendance.connectedMsSince(acknowledgedAt, performance.now());
    if (late > LATE_MS) this.#figures.current.late.push(late);
    return late;
  }
}

const roomOf = (client: number): string => `soak${Math.floor(client / CLIENTS_PER_ROOM)}`;
