import type { Zone } from "../api/state.ts";
import type { ExchangeSummary, RecordedBodies, RecordedExchange } from "./console-data.ts";

/** How much of the past is kept in memory. */
export interface StoreLimits {
  readonly exchanges: number;
  /** Bytes of all that is kept; bodies are dropped first, the oldest first. */
  readonly bytes: number;
}

const LIMITS: StoreLimits = { exchanges: 10_000, bytes: 64 * 1024 * 1024 };
/** Bytes that an exchange takes beside its texts. */
const FIXED_BYTES = 1_024;

/** Which requests to list; those that meet all that is given. */
export interface ExchangeFilter {
  /** In any header, URL or reason, in any case. */
  readonly text?: string;
  /** `403`, or a class such as `4xx`. */
  readonly status?: string;
  /** `ref` of a rule that matched. */
  readonly rule?: string;
  /** Beginning of the path. */
  readonly path?: string;
}

/** A recorded exchange as it is kept: the texts are bytes of JSON, so that their size is known. */
export interface KeptExchange {
  readonly summary: ExchangeSummary;
  /** `ref`s of the rules that matched. */
  readonly rules: readonly string[];
  /** A `RecordedExchange` as JSON. */
  readonly json: Buffer;
  /** `RecordedBodies` as JSON; undefined where they were dropped. */
  bodies: Buffer | undefined;
  /** The zone as it was deployed then. */
  readonly zone: Zone | undefined;
}

/** The newest exchanges, in memory. */
export class ExchangeStore {
  readonly #limits: StoreLimits;
  /** By number, oldest first. */
  readonly #kept = new Map<number, KeptExchange>();
  readonly #byRay = new Map<string, KeptExchange>();
  /** The oldest number that may have bodies. */
  #bodiesFrom = 0;
  #bytes = 0;
  #newest = 0;

  constructor(limits: Partial<StoreLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  get count(): number {
    return this.#kept.size;
  }

  /** Bytes of all that is kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of the newest exchange; 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  add(exchange: RecordedExchange, bodies: RecordedBodies, zone: Zone | undefined): KeptExchange {
    const kept: KeptExchange = {
      summary: summaryOf(exchange),
      rules: exchange.events.map(({ ref }) => ref),
      json: Buffer.from(JSON.stringify(exchange)),
      bodies: Buffer.from(JSON.stringify(bodies)),
      zone,
    };
    const { seq, ray } = exchange;
    this.#kept.set(seq, kept);
    this.#byRay.set(ray, kept);
    this.#newest = seq;
    this.#bytes += sizeOf(kept);
    this.#makeSpace();
    return kept;
  }

  get(ray: string): KeptExchange | undefined {
    return this.#byRay.get(ray);
  }

  /** The newest exchanges that pass the filter, newest first: at most `limit`, and those before number `before`. */
  list(filter: ExchangeFilter, limit: number, before = Number.POSITIVE_INFINITY): readonly ExchangeSummary[] {
    const found: ExchangeSummary[] = [];
    for (let seq = Math.min(this.#newest, before - 1); seq > 0 && found.length < limit; seq -= 1) {
      const kept = this.#kept.get(seq);
      if (!kept) break;
      if (passes(kept, filter)) found.push(kept.summary);
    }
    return found;
  }

  #makeSpace(): void {
    const { exchanges, bytes } = this.#limits;
    while (this.#kept.size > exchanges) this.#dropOldest();
    while (this.#bytes > bytes && this.#bodiesFrom <= this.#newest) {
      const kept = this.#kept.get(this.#bodiesFrom);
      this.#bodiesFrom += 1;
      if (!kept?.bodies) continue;
      this.#bytes -= kept.bodies.length;
      kept.bodies = undefined;
    }
    while (this.#bytes > bytes && this.#kept.size > 0) this.#dropOldest();
  }

  #dropOldest(): void {
    const [oldest] = this.#kept.values();
    if (!oldest) return;
    const { seq, ray } = oldest.summary;
    this.#kept.delete(seq);
    this.#byRay.delete(ray);
    this.#bytes -= sizeOf(oldest);
    this.#bodiesFrom = Math.max(this.#bodiesFrom, seq + 1);
  }
}

function sizeOf({ json, bodies }: KeptExchange): number {
  return json.length + (bodies?.length ?? 0) + FIXED_BYTES;
}

function summaryOf(exchange: RecordedExchange): ExchangeSummary {
  const { seq, ray, time, method, host, path, status, outcome, rule, client, country } = exchange;
  const { totalMs, edgeMs, originMs, repeats } = exchange;
  return {
    ...{ seq, ray, time, method, host, path, status, outcome, client, totalMs },
    ...(rule !== undefined && { rule }),
    ...(country !== undefined && { country }),
    ...(repeats !== undefined && { repeats }),
    ...(edgeMs !== undefined && { edgeMs }),
    ...(originMs !== undefined && { originMs }),
  };
}

/** Whether an exchange is one that the filter asks for. */
export function passes({ summary, rules, json }: KeptExchange, filter: ExchangeFilter): boolean {
  const { text, status, rule, path } = filter;
  if (status !== undefined && !hasStatus(summary.status, status)) return false;
  if (rule !== undefined && !rules.includes(rule)) return false;
  if (path !== undefined && !summary.path.startsWith(path)) return false;
  return text === undefined || json.toString().toLowerCase().includes(text.toLowerCase());
}

function hasStatus(status: number, wanted: string): boolean {
  return /^[1-5]xx$/i.test(wanted) ? String(status)[0] === wanted[0] : String(status) === wanted;
}
