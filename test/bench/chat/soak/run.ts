import { setTimeout as delay } from "node:timers/promises";
import { startBalancer } from "../site/balancer.ts";
import { type Site, startSite } from "../site/site.ts";
import type { Accident } from "./accidents.ts";
import { type Audit, audit } from "./audit.ts";
import { Crowd, PAGE_CLIENTS } from "./crowd.ts";
import { Figures, type Period } from "./figures.ts";
import { Ledger } from "./ledger.ts";
import { Memory, type NodeMemory } from "./memory.ts";

const NODES = 3;
const STEP_MS = 20;
const PROGRESS_MS = 10_000;
/**
 * Milliseconds in which every author sends as soon as the last message is acknowledged, to see what the machine
 * carries.
 */
const FULL_MS = 6_000;
/** The first of them, that do not count. */
const WARM_MS = 2_000;
/** Milliseconds of rest after that: the limit of calls counts in spans of ten seconds. */
const REST_MS = 8_000;
/** Milliseconds that clients have to come back after an accident, and that everything has to end. */
const PATIENCE_MS = 60_000;
/** Milliseconds after the last client is back in which it still counts as the accident. */
const AFTER_MS = 2_000;
/** What one user may send is limited to six calls a second. */
const MAX_PER_SECOND = 4.5;

export interface SoakOptions {
  readonly seconds: number;
  readonly clients: number;
  /** Messages a second, of all; half of what the machine carries when left out. */
  readonly rate?: number | undefined;
  readonly accidents: readonly Accident[];
  /** Folder that gets the log of each node. */
  readonly logs?: string | undefined;
  /** Progress, a line at a time. */
  say(line: string): void;
  /** Ends the run. */
  readonly signal: AbortSignal;
}

export interface SoakResult {
  /** Messages a second that the machine carried; undefined when a rate was given. */
  readonly limit: number | undefined;
  readonly rate: number;
  readonly written: number;
  readonly acknowledged: number;
  readonly audit: Audit;
  readonly periods: readonly Period[];
  readonly memory: readonly NodeMemory[];
  /** Warnings and errors in the logs of all nodes, by message. */
  readonly complaints: ReadonlyMap<string, number>;
  readonly problems: Ledger["problems"];
}

/**
 * Runs a site with its clients and accidents, then reads everything again. Throws the signal's reason when that is
 * aborted.
 */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { clients, say, signal } = options;
  say(`starting PostgreSQL, NATS, ${NODES} nodes and ${clients} clients`);
  const site = await startSite({ nodes: NODES, accounts: clients + PAGE_CLIENTS, logs: options.logs });
  try {
    signal.throwIfAborted();
    const balancer = await startBalancer(site.nodes.map(({ port }) => port));
    const ledger = new Ledger();
    const figures = new Figures();
    const crowd = new Crowd(site.accounts, clients, balancer, ledger, figures);
    try {
      return await new Soak(options, site, crowd, ledger, figures).run();
    } finally {
      crowd.close();
      await balancer.close();
    }
  } finally {
    await site.stop();
  }
}

class Soak {
  readonly #options: SoakOptions;
  readonly #site: Site;
  readonly #crowd: Crowd;
  readonly #ledger: Ledger;
  readonly #figures: Figures;
  readonly #memory: Memory;

  constructor(options: SoakOptions, site: Site, crowd: Crowd, ledger: Ledger, figures: Figures) {
    this.#options = options;
    this.#site = site;
    this.#crowd = crowd;
    this.#ledger = ledger;
    this.#figures = figures;
    this.#memory = new Memory(site.nodes);
  }

  async run(): Promise<SoakResult> {
    const { say, signal } = this.#options;
    await this.#crowd.open(this.#site.accounts);
    const limit = this.#options.rate === undefined ? await this.#measureLimit() : undefined;
    const rate = this.#options.rate ?? Math.round((limit ?? 0) / 2);
    const authors = this.#crowd.busyAuthors.length;
    const perSecond = Math.min(MAX_PER_SECOND, rate / authors);
    if (perSecond < rate / authors) say(`held at ${MAX_PER_SECOND} messages/s for each of ${authors} authors`);
    this.#figures.clear();
    this.#memory.look();
    const timers = [
      setInterval(() => this.#crowd.advance(perSecond), STEP_MS),
      setInterval(() => this.#progress(), PROGRESS_MS),
      setInterval(() => void this.#tick(), 5_000),
    ];
    try {
      await this.#disturb();
    } finally {
      for (const timer of timers) clearInterval(timer);
    }
    signal.throwIfAborted();
    await this.#settle();
    this.#memory.look();
    say("reading every message again");
    const read = await audit(this.#site.databaseUrl, this.#crowd, this.#ledger);
    const written = [...this.#ledger.sent.values()].reduce((sum, { at }) => sum + at.length, 0);
    const complaints = new Map<string, number>();
    for (const node of this.#site.nodes)
      for (const [message, count] of node.complaints) complaints.set(message, (complaints.get(message) ?? 0) + count);
    return {
      ...{ limit, rate, written, acknowledged: this.#ledger.acknowledged, audit: read },
      ...{ periods: this.#figures.periods, memory: this.#memory.nodes, complaints, problems: this.#ledger.problems },
    };
  }

  /** Messages a second while every author sends as soon as its last message is acknowledged. */
  async #measureLimit(): Promise<number> {
    const { say, signal } = this.#options;
    say(`measuring for ${FULL_MS / 1000} s what the machine carries`);
    const authors = this.#crowd.busyAuthors;
    const started = performance.now();
    let before: number | undefined;
    let since = started;
    while (performance.now() - started < FULL_MS) {
      for (const author of authors) if (author.pending === 0) author.write();
      await delay(2, undefined, { signal });
      if (before !== undefined || performance.now() - started < WARM_MS) continue;
      before = this.#ledger.acknowledged;
      since = performance.now();
    }
    const limit = (this.#ledger.acknowledged - (before ?? 0)) / ((performance.now() - since) / 1000);
    await delay(REST_MS, undefined, { signal });
    say(`it carries ${limit.toFixed(0)} messages/s`);
    return limit;
  }

  /** Lets the accidents happen, evenly over the time. */
  async #disturb(): Promise<void> {
    const { seconds, accidents, say, signal } = this.#options;
    const started = performance.now();
    const end = started + seconds * 1000;
    for (const [n, accident] of accidents.entries()) {
      const at = started + ((n + 0.5) / accidents.length) * seconds * 1000;
      await delay(Math.max(0, at - performance.now()), undefined, { signal });
      say(`${elapsed(started)}: ${accident.name}`);
      this.#figures.enter(accident.name);
      await accident.run(this.#site, this.#crowd);
      signal.throwIfAborted();
      await this.#untilBack(accident.name);
      this.#figures.calm();
      this.#memory.look();
    }
    await delay(Math.max(0, end - performance.now()), undefined, { signal });
  }

  async #untilBack(name: string): Promise<void> {
    const { signal } = this.#options;
    const until = performance.now() + PATIENCE_MS;
    while (this.#crowd.disconnected.length > 0 && performance.now() < until) await delay(20, undefined, { signal });
    for (const member of this.#crowd.disconnected)
      this.#ledger.wrong("stuck", `${member.name} is not back after ${name}`);
    await delay(AFTER_MS, undefined, { signal });
  }

  /** Nothing is written any more: what is under way is acknowledged and heard. */
  async #settle(): Promise<void> {
    const { say, signal } = this.#options;
    for (const { client } of this.#crowd.members) client.open();
    const until = performance.now() + PATIENCE_MS;
    const { members, pages } = this.#crowd;
    const isBehind = ({ room, cursor }: { room: string; cursor: number }) =>
      cursor < (this.#ledger.rooms.get(room)?.length ?? 1) - 1;
    const isUnsettled = () =>
      this.#crowd.pending > 0 ||
      this.#crowd.editing > 0 ||
      members.some(({ client }) => !client.isBack || isBehind(client)) ||
      pages.some(isBehind);
    while (isUnsettled() && performance.now() < until) await delay(50, undefined, { signal });
    if (this.#crowd.pending > 0) say(`${this.#crowd.pending} messages are still not acknowledged`);
    await delay(AFTER_MS, undefined, { signal });
  }

  async #tick(): Promise<void> {
    for (const { client } of this.#crowd.members) await client.tick();
  }

  #progress(): void {
    this.#memory.look();
    const { name } = this.#figures.current;
    const megabytes = this.#site.nodes.map((node) => node.memory().toFixed(0)).join(" ");
    const wrong = this.#ledger.problems.reduce((sum, { count }) => sum + count, 0);
    const away = this.#crowd.disconnected.length;
    this.#options.say(
      `${this.#ledger.acknowledged} acknowledged, ${this.#crowd.pending} waiting, ${away} clients away, ` +
        `${wrong} wrong; nodes ${megabytes} MB${name === "calm" ? "" : `; ${name}`}`,
    );
  }
}

const elapsed = (since: number): string => `${((performance.now() - since) / 1000).toFixed(0)} s`;
