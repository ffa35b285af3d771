import type { RequestRecord } from "../edge/index.ts";
import { doubtsOf } from "./doubts.ts";
import { printable } from "./escape.ts";
import { type LineOptions, requestLines } from "./request-lines.ts";

/** So many requests that one rule stopped, or that failed in one way, are shown ... */
const SHOWN = 5;
/**
 * ... in so many milliseconds; the others are counted. A client that runs into a limit must not hide other requests.
 */
const INTERVAL = 10_000;

interface Shown {
  /** When the interval began. */
  since: number;
  count: number;
}

/**
 * A function that turns records into lines as `requestLines` does, but counts what comes too often instead of showing
 * it: the next line that is shown has the number of those that were not. A rule's doubt about one field is shown once
 * for each deployment. Time is that of the records. Its memory is bounded by the number of rules and error codes,
 * whatever clients send.
 */
export function createRequestLog(options: LineOptions = {}): (record: RequestRecord) => readonly string[] {
  const shown = new Map<string, Shown>();
  // by rules of the deployment: they go when it goes
  const told = new WeakMap<object, Set<string>>();
  return (record) => {
    const doubts = doubtsOf(record.verdict).filter(({ of, what }) => told.get(of)?.has(what) !== true);
    const lines = requestLines(record, options, doubts);
    if (lines.length === 0) return lines;
    const tell = () => {
      for (const { of, what } of doubts) told.set(of, (told.get(of) ?? new Set()).add(what));
    };
    const kind = kindOf(record);
    const state = shown.get(kind) ?? { since: record.time, count: 0 };
    shown.set(kind, state);
    const age = record.time - state.since;
    const hidden = Math.max(0, state.count - SHOWN);
    if (age >= INTERVAL || age < 0) {
      shown.set(kind, { since: record.time, count: 1 });
      tell();
      return hidden > 0 ? [`          ${hidden} more of ${kind} were not shown`, ...lines] : lines;
    }
    state.count += 1;
    if (state.count > SHOWN) return [];
    tell();
    return state.count === SHOWN ? [...lines, `          more of ${kind} are counted for a while, not shown`] : lines;
  };
}

function kindOf({ verdict, failure }: RequestRecord): string {
  if (verdict?.response) return `rule ${printable(verdict.by?.ref ?? "")}`;
  return failure ? `error ${failure.code}` : "undetermined requests";
}
