import type { Logger } from "pino";

/** The members of a log line about a refused request, besides its kind. */
export type RefusalMembers = object;

export interface LoggedRefusal {
  readonly status: number;
  readonly code: string | undefined;
  /** A path of the surface, or `none`: never what a client has chosen. */
  readonly route: string;
  /** The client's network, as limits count by it. */
  readonly network: string;
}

/** Milliseconds that one summary covers. */
const WINDOW_MS = 10_000;
/** Maximum lines in this time: about refusals of one kind, of all kinds, and about internal errors with stacks. */
export const MAX_REFUSAL_LINES = { kind: 10, all: 100, errors: 20 } as const;
/** Networks that are counted separately within a window. */
const MAX_NETWORKS = 1_000;

interface RefusalKind {
  readonly facts: RefusalMembers;
  written: number;
  count: number;
  readonly networks: Set<string>;
}

/**
 * Writes refused requests into the log: the first of each kind and network at once, and at the end of ten seconds one
 * line for each kind with what was left out. A kind is a status, a code and a route, so there are never more than the
 * surface has.
 */
export class RefusalLog {
  readonly #log: Logger;
  readonly #kinds = new Map<string, RefusalKind>();
  #written = 0;
  #errors = 0;
  #total = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Counts a refusal. Calls `write`, which writes the line of the request, unless there are too many lines. */
  note({ status, code, route, network }: LoggedRefusal, write: () => void): void {
    this.#start();
    this.#total += 1;
    const key = `${status} ${code} ${route}`;
    const kind = this.#kinds.get(key) ?? { facts: { status, code, route }, written: 0, count: 0, networks: new Set() };
    this.#kinds.set(key, kind);
    kind.count += 1;
    const isNew = !kind.networks.has(network) && kind.networks.size < MAX_NETWORKS;
    if (isNew) kind.networks.add(network);
    if (!isNew || kind.written >= MAX_REFUSAL_LINES.kind || this.#written >= MAX_REFUSAL_LINES.all) return;
    kind.written += 1;
    this.#written += 1;
    write();
  }

  /** Writes an internal error, unless there were many in this window. */
  error(facts: RefusalMembers, message: string): void {
    this.#start();
    this.#errors += 1;
    if (this.#errors <= MAX_REFUSAL_LINES.errors) this.#log.error(facts, message);
  }

  /** Writes how many refusals had no line since the summary before. */
  writeSummary(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { facts, written, count, networks } of this.#kinds.values()) {
      if (count === written) continue;
      const seconds = WINDOW_MS / 1000;
      this.#log.info({ ...facts, count, networks: networks.size, seconds }, "requests refused");
    }
    const more = this.#errors - MAX_REFUSAL_LINES.errors;
    if (more > 0) this.#log.error({ count: more }, "more errors, which are not in the log");
    this.#kinds.clear();
    this.#written = 0;
    this.#errors = 0;
  }

  /** Requests that were refused since the start. */
  get total(): number {
    return this.#total;
  }

  #start(): void {
    this.#timer ??= setTimeout(() => this.writeSummary(), WINDOW_MS).unref();
  }
}
