import { quantile } from "../contenders.ts";
import type { Period } from "./figures.ts";
import type { SoakResult } from "./run.ts";

/** The result as lines for people. */
export function* reportLines(result: SoakResult): Generator<string> {
  const { limit, rate, written, acknowledged, audit, periods, memory, complaints, problems } = result;
  const share = limit === undefined ? "" : `, half of the ${limit.toFixed(0)} that the machine carries`;
  yield `${rate} messages/s${share}; times in ms`;
  yield `${"".padEnd(42)}   s  acknowledged: p50    p95   delivered: p50    p95   away: n    p50   p95   most   late   most`;
  for (const period of periods) yield periodLine(period);
  for (const { name, refusals } of periods) {
    if (refusals.size === 0) continue;
    yield `refused, ${name}: ${[...refusals].map(([code, count]) => `${code} ${count}`).join(", ")}`;
  }
  for (const { name, lives, first, last, most, seconds } of memory)
    yield `${name}: started ${lives} times; its last life: ${first.toFixed(0)} MB, ${seconds.toFixed(0)} s later ` +
      `${last.toFixed(0)} MB, at most ${most.toFixed(0)} MB`;
  for (const [message, count] of complaints) yield `logged ${count} times: ${message}`;
  yield `${written} written, ${acknowledged} acknowledged, ${audit.stored} stored, ${audit.readOverApi} read over the API`;
  for (const { kind, count, examples } of problems) {
    yield `${kind}: ${count}`;
    for (const example of examples) yield `  ${example}`;
  }
  yield problems.length === 0
    ? "nothing that was acknowledged is lost, doubled or reordered, and every client has heard everything: reached"
    : "something is wrong: not reached";
}

function periodLine({ name, seconds, acknowledgements, deliveries, away, late }: Period): string {
  const ms = (value: number, width: number) => (Number.isNaN(value) ? "-" : value.toFixed(0)).padStart(width);
  const most = (values: readonly number[]) => values.reduce((one, other) => Math.max(one, other), Number.NaN);
  const longest = (values: readonly number[]) =>
    values.length === 0 ? Number.NaN : most([...values, 0].filter((value) => value >= 0));
  return [
    name.padEnd(42),
    seconds.toFixed(0).padStart(4),
    String(acknowledgements.length).padStart(9),
    ms(quantile(acknowledgements, 0.5), 9),
    ms(quantile(acknowledgements, 0.95), 6),
    ms(quantile(deliveries, 0.5), 14),
    ms(quantile(deliveries, 0.95), 6),
    String(away.length).padStart(9),
    ms(quantile(away, 0.5), 6),
    ms(quantile(away, 0.95), 6),
    ms(longest(away), 6),
    String(late.length).padStart(6),
    ms(longest(late), 6),
  ].join(" ");
}

const rounded = (value: number): number | null => (Number.isFinite(value) ? Math.round(value * 10) / 10 : null);

function summaryOf(values: readonly number[]) {
  const most = values.length === 0 ? Number.NaN : values.reduce((one, other) => Math.max(one, other));
  return {
    count: values.length,
    p50: rounded(quantile(values, 0.5)),
    p95: rounded(quantile(values, 0.95)),
    most: rounded(most),
  };
}

/** The result as one object; times in milliseconds, memory in megabytes. */
export function reportJson({ periods, complaints, limit, ...result }: SoakResult): object {
  return {
    ...{ passed: result.problems.length === 0, ...result, limit: limit === undefined ? null : rounded(limit) },
    complaints: Object.fromEntries(complaints),
    periods: periods.map(({ name, seconds, acknowledgements, deliveries, away, late, refusals }) => ({
      ...{ name, seconds: rounded(seconds), refusals: Object.fromEntries(refusals) },
      acknowledged: summaryOf(acknowledgements),
      delivered: summaryOf(deliveries),
      away: summaryOf(away),
      late: summaryOf(late),
    })),
  };
}
