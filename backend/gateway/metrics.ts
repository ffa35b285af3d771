import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What the gateway tells of one finished HTTP request or socket call. */
export interface Finished {
  /** Path or action as the surface has it; `none` for what it does not have, so that strangers cannot invent label values. */
  readonly route: string;
  /** HTTP method, or `CALL`. */
  readonly method: string;
  /** HTTP status, or the status that the refusal of a call would have. */
  readonly status: number;
  readonly seconds: number;
}

export interface Metrics {
  finished(facts: Finished): void;
  /** Prometheus' text format, version 0.0.4. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Counts for Prometheus. `sockets` says how many are open when it is asked. */
export function createMetrics(sockets: () => number): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const labelNames = ["method", "route", "status"] as const;
  const requests = new Counter({
    name: "causeway_requests_total",
    help: "HTTP requests and socket calls by outcome",
    labelNames,
    registers: [registry],
  });
  const duration = new Histogram({
    name: "causeway_request_duration_seconds",
    help: "Time from the whole header to the answer",
    labelNames: ["method", "route"] as const,
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  new Gauge({
    name: "causeway_sockets_open",
    help: "Connected sockets of this node",
    registers: [registry],
    collect() {
      this.set(sockets());
    },
  });
  return {
    finished({ route, method, status, seconds }) {
      requests.inc({ method, route, status });
      duration.observe({ method, route }, seconds);
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
