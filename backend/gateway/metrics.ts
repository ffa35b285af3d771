import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { CapReading } from "./limits/caps/table.ts";

/** One HTTP request or socket call that was responded to. */
export interface FinishedRequest {
  /**
   * Path or action as the surface declares it; `none` for others, so that clients cannot invent label values.
   */
  readonly route: string;
  /** HTTP method, or `CALL`. */
  readonly method: string;
  /** HTTP status, or the status that the refusal of a call would have. */
  readonly status: number;
  readonly seconds: number;
}

export interface Metrics {
  finished(facts: FinishedRequest): void;
  /**
   * Adds a counter with one label. `values` is read when the metrics are rendered, one entry for each value of the
   * label.
   */
  addCounter(counter: {
    readonly name: string;
    readonly help: string;
    readonly label: string;
    values(): ReadonlyMap<string, number>;
  }): void;
  /** Prometheus' text format, version 0.0.4. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Upper bounds in seconds. */
const BUCKET_SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10] as const;

/** Counts of one route and method. */
interface Tally {
  readonly method: string;
  readonly route: string;
  readonly statuses: Map<number, number>;
  /** Requests in each bucket alone, not in the smaller ones; the last count is of those above all bounds. */
  readonly countsByBucket: number[];
  sum: number;
  count: number;
}

/**
 * Makes the metrics for Prometheus. The parameters return current values. Requests are counted here, and passed to
 * prom-client when the metrics are read: prom-client would build and hash the labels for each request, which costs as
 * much as the request's action.
 */
export function createMetrics(
  sockets: () => number,
  caps: () => readonly CapReading[] = () => [],
  ignoredAddresses: () => number = () => 0,
): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const tallies = new Map<string, Map<string, Tally>>();
  new Counter({
    name: "causeway_requests_total",
    help: "HTTP requests and socket calls by outcome",
    labelNames: ["method", "route", "status"] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const { method, route, statuses } of allTallies(tallies))
        for (const [status, count] of statuses) this.inc({ method, route, status }, count);
    },
  });
  registry.registerMetric(
    new Durations({
      name: DURATION,
      help: "Time from the whole header to the response",
      labelNames: ["method", "route", "le"],
      registers: [],
    }).of(() => allTallies(tallies)),
  );
  new Gauge({
    name: "causeway_sockets_open",
    help: "Connected sockets of this node",
    registers: [registry],
    collect() {
      this.set(sockets());
    },
  });
  registerCaps(registry, caps);
  new Counter({
    name: "causeway_ignored_addresses_total",
    help: "Requests whose CF-Connecting-IP was ignored, because their peer is not trusted (TRUSTED_PEERS)",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(ignoredAddresses());
    },
  });
  return {
    finished({ route, method, status, seconds }) {
      const tally = tallies.get(route)?.get(method) ?? addTally(tallies, route, method);
      tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
      let range = 0;
      while (seconds > (BUCKET_SECONDS[range] ?? Number.POSITIVE_INFINITY)) range++;
      tally.countsByBucket[range] = (tally.countsByBucket[range] ?? 0) + 1;
      tally.sum += seconds;
      tally.count++;
    },
    addCounter({ name, help, label, values }) {
      new Counter({
        name,
        help,
        labelNames: [label],
        registers: [registry],
        collect() {
          this.reset();
          for (const [value, count] of values()) this.inc({ [label]: value }, count);
        },
      });
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Gauges of the caps: the limits, what clients hold now, and how often a limit was reached. */
function registerCaps(registry: Registry, caps: () => readonly CapReading[]): void {
  const registers = [registry];
  new Gauge({
    name: "causeway_cap_limit",
    help: "Most that clients may hold, for a connection, user, address or the node",
    labelNames: ["cap", "per"] as const,
    registers,
    collect() {
      for (const { cap, limits } of caps())
        for (const [per, limit] of Object.entries(limits)) this.set({ cap, per }, limit);
    },
  });
  new Gauge({
    name: "causeway_cap_used",
    help: "What clients of this node hold now",
    labelNames: ["cap"] as const,
    registers,
    collect() {
      for (const { cap, used } of caps()) if (used !== undefined) this.set({ cap }, used);
    },
  });
  new Counter({
    name: "causeway_cap_refused_total",
    help: "Requests, messages and connections that were refused or closed because of a limit",
    labelNames: ["cap"] as const,
    registers,
    collect() {
      this.reset();
      for (const { cap, refused } of caps()) this.inc({ cap }, refused);
    },
  });
}

const DURATION = "causeway_request_duration_seconds";

type Tallies = Map<string, Map<string, Tally>>;

function addTally(tallies: Tallies, route: string, method: string): Tally {
  const methods = tallies.get(route) ?? new Map<string, Tally>();
  const countsByBucket = new Array<number>(BUCKET_SECONDS.length + 1).fill(0);
  const tally: Tally = { method, route, statuses: new Map(), countsByBucket, sum: 0, count: 0 };
  tallies.set(route, methods.set(method, tally));
  return tally;
}

function* allTallies(tallies: Tallies): Generator<Tally> {
  for (const methods of tallies.values()) yield* methods.values();
}

/**
 * A histogram of tallies: buckets with everything up to their bound, sum and count, as in Prometheus' format.
 */
class Durations extends Gauge<"method" | "route" | "le"> {
  #tallies: () => Iterable<Tally> = () => [];

  of(tallies: () => Iterable<Tally>): this {
    this.#tallies = tallies;
    return this;
  }

  override async get(): ReturnType<Gauge<"method" | "route" | "le">["get"]> {
    const values = [...this.#tallies()].flatMap(({ method, route, countsByBucket, sum, count }) => {
      let upTo = 0;
      const buckets = countsByBucket.map((inRange, i) => {
        upTo += inRange;
        return {
          metricName: `${DURATION}_bucket`,
          labels: { le: BUCKET_SECONDS[i] ?? "+Inf", method, route },
          value: upTo,
        };
      });
      return [
        ...buckets,
        { metricName: `${DURATION}_sum`, labels: { method, route }, value: sum },
        { metricName: `${DURATION}_count`, labels: { method, route }, value: count },
      ];
    });
    // prom-client's types have an enum here, the library itself words
    return Object.assign(await super.get(), { type: "histogram", values });
  }
}
