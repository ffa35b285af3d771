import type { RequestRecord } from "../edge/index.ts";
import { printable } from "./escape.ts";
import { type LineOptions, requestLines } from "./request-lines.ts";

/** So many requests that one rule stopped, or that failed in one way, are shown ... */
const SHOWN = 5;
/** ... in so many milliseconds; the others are counted. Whoever hammers a limit must not hide what else happens. */
const INTERVAL = 10_000;

interface Shown {
  /** When the interval began. */
  since: number;
  count: number;
}

/**
 * A function that turns records into lines as `requestLines` does, but counts what comes too often instead of showing it: the
 * next one that is shown says how many were not. Time is that of the records. What it remembers is bounded by the number of
 * rules and error codes, whatever clients send.
 */
export function createRequestLog(options: LineOptions = {}): (record: RequestRecord) => readonly string[] {
  const shown = new Map<string, Shown>();
  return (record) => {
    const lines = requestLines(record, options);
    if (lines.length === 0) return lines;
    const kind = kindOf(record);
    const state = shown.get(kind) ?? { since: record.time, count: 0 };
    shown.set(kind, state);
    const age = record.time - state.since;
    const hidden = Math.max(0, state.count - SHOWN);
    if (age >= INTERVAL || age < 0) {
      shown.set(kind, { since: record.time, count: 1 });
      return hidden > 0 ? [`          ${hidden} more of ${kind} were not shown`, ...lines] : lines;
    }
    state.count += 1;
    if (state.count > SHOWN) return [];
    return state.count === SHOWN ? [...lines, `          more of ${kind} are counted for a while, not shown`] : lines;
  };
}

function kindOf({ verdict, failure }: RequestRecord): string {
  if (verdict?.response) return `rule ${printable(verdict.by?.ref ?? "")}`;
  return failure ? `error ${failure.code}` : "undetermined requests";
}
