import type { Message } from "../../../../backend/chat/shapes.ts";
import { addressOf } from "../../line.ts";
import type { Account } from "../site/accounts.ts";
import type { Balancer } from "../site/balancer.ts";
import { LightClient } from "../site/light-client.ts";
import { Attendance, MUST_HEAR_MS } from "./attendance.ts";
import { Author } from "./author.ts";
import type { Figures, Period } from "./figures.ts";
import { type Ledger, originalOf, partsOf } from "./ledger.ts";
import { PageClient } from "./page-client.ts";

const ROOM_OF = 6;
/** The page's own clients, each in a room of its own beside the light ones. */
export const PAGE_CLIENTS = 6;
/** One of so many rooms says little: there no next message shows that one is missing. */
const QUIET = 10;
/** One of so many readers comes and goes. */
const VISITING = 4;
/** Milliseconds between two messages of a quiet author, and of a page's client. */
const QUIET_MS = 20_000;
/** Messages that wait for a client; with more it writes no further one. */
const MAX_PENDING = 100;
/** Milliseconds that a visitor stays, and stays away, at most. */
const VISIT_MS = 20_000;
/** Milliseconds after an acknowledgement at which another client should have the message or edit, or is told late. */
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
  /** Number of the last message before it joined first. */
  start: number;
  left: { readonly at: number; readonly period: Period } | undefined;
  /** When it writes next, or as a visitor comes or goes next. */
  dueAt: number;
}

/** All clients. Of each room of six four wait for acknowledgements, one does not, one only reads or comes and goes. */
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
      .map((account, n) => new PageClient(account.id, balancer.url, roomOf(n * ROOM_OF), ledger));
  }

  /** Connects everybody. */
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

  /** Members that are not connected though they want to be. */
  get away(): readonly Member[] {
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

  get loudAuthors(): readonly Author[] {
    return this.members.flatMap(({ author, isQuiet }) => (author && !isQuiet ? [author] : []));
  }

  /** Lets those write, come and go whose time it is. `perSecond` messages of each loud author. */
  step(perSecond: number): void {
    const now = performance.now();
    for (const member of this.members) {
      if (member.dueAt > now) continue;
      const { author, client, isQuiet, isVisitor } = member;
      const isFirst = member.dueAt === 0;
      const span = isVisitor ? VISIT_MS : isQuiet ? QUIET_MS : 1000 / perSecond;
      member.dueAt = (isFirst ? now : Math.max(member.dueAt, now - span)) + span * (0.5 + Math.random());
      if (isFirst) member.dueAt = now + span * Math.random();
      else if (isVisitor && client.isWanted) client.close();
      else if (isVisitor) client.open();
      else if (author && author.pending < MAX_PENDING) author.write();
    }
    for (const page of this.pages) {
      if (Math.random() < 0.02 / (QUIET_MS / 1000)) page.write();
    }
  }

  #member(account: Account, n: number, balancer: Balancer): Member {
    const ledger = this.#ledger;
    const figures = this.#figures;
    const name = account.id;
    const seat = n % ROOM_OF;
    const room = Math.floor(n / ROOM_OF);
    const attendance = new Attendance();
    const client = new LightClient({
      account,
      address: addressOf(n),
      room: roomOf(n),
      order: balancer.order,
      onMessage: (message, how) => this.#heard(member, message, how),
      onChange: (message) => this.#heardEdit(member, message),
      onRestart: (last) => attendance.restarted(last),
      onDoubled: ({ room, seq, text }) => ledger.wrong("doubled", `${name} got ${text} (${room} ${seq}) twice`),
      onAway() {
        attendance.left(performance.now());
        if (client.isWanted) member.left ??= { at: performance.now(), period: figures.current };
      },
      onBack() {
        const now = performance.now();
        attendance.back(now);
        if (member.start < 0) member.start = client.cursor;
        if (member.left) member.left.period.away.push(now - member.left.at);
        member.left = undefined;
        member.author?.flush();
      },
      onRefused: (code) => figures.refused(code),
      onSignedOut: () => ledger.wrong("signed out", name),
    });
    const waits = seat < ROOM_OF - 2;
    const isReader = seat === ROOM_OF - 1;
    const member: Member = {
      ...{ name, client, attendance, edits: new Map<number, string>(), start: -1, left: undefined, dueAt: 0 },
      author: isReader ? undefined : new Author({ name, client, ledger, figures, waits }),
      isQuiet: room % QUIET === QUIET - 1,
      isVisitor: isReader && room % VISITING === VISITING - 1,
    };
    return member;
  }

  #heard(member: Member, message: { room: string; seq: number; text: string }, how: "pushed" | "asked"): void {
    const ledger = this.#ledger;
    const { current } = this.#figures;
    ledger.place(message, member.name);
    if (message.text.includes(" ")) this.#heardEdit(member, message);
    const { author, number } = partsOf(originalOf(message.text));
    const sent = ledger.sent.get(author);
    if (!sent || author === member.name) return;
    const now = performance.now();
    if (how === "pushed" && member.client.isBack) current.deliveries.push(now - (sent.at[number] ?? Number.NaN));
    this.#noteLate(member, sent.acknowledgedAt[number]);
  }

  #heardEdit(member: Member, { room, seq, text }: Pick<Message, "room" | "seq" | "text">): void {
    if (member.edits.has(seq)) return;
    member.edits.set(seq, text);
    const edit = this.#ledger.editOf(text);
    const late = this.#noteLate(member, edit?.acknowledgedAt);
    if (late <= MUST_HEAR_MS) return;
    const seconds = (late / 1000).toFixed(1);
    const sentence = `${member.name} was connected for ${seconds} s without the edit of ${room} ${seq} (${edit?.period})`;
    this.#ledger.wrong("edit not heard", sentence);
  }

  /** Notes for how long a client was connected without what it has just got; returns that. */
  #noteLate({ attendance }: Member, acknowledgedAt = Number.POSITIVE_INFINITY): number {
    const late = attendance.hereSince(acknowledgedAt, performance.now());
    if (late > LATE_MS) this.#figures.current.late.push(late);
    return late;
  }
}

const roomOf = (client: number): string => `soak${Math.floor(client / ROOM_OF)}`;
