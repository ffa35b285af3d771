import type { RequestRecord } from "../edge/index.ts";
import { doubtsOf } from "./doubts.ts";
import { printable } from "./escape.ts";
import { isServed, type LineOptions, requestLines } from "./request-lines.ts";

/**
 * Maximum number of requests that are shown in one interval for one rule, or one error code. The others are counted: a
 * client that exceeds a limit must not hide other requests.
 */
const MAX_SHOWN = 5;
/** The same for requests that were served: as many as some page views make. */
const MAX_SERVED = 100;
/** Milliseconds of an interval. */
const INTERVAL_MS = 10_000;

interface ShownCount {
  /** When the interval began. */
  since: number;
  count: number;
}

/**
 * Returns a function that makes lines of records as `requestLines` does. Requests that come too often are counted, and
 * the next line that is shown has their number. The doubt of one rule about one field is shown once for each
 * deployment. Time is that of the records. The memory is bounded by the number of rules and error codes, whatever
 * clients send.
 */
export function createRequestLog(options: LineOptions = {}): (record: RequestRecord) => readonly string[] {
  const shown = new Map<string, ShownCount>();
  // by rules of the deployment; entries are garbage collected with it
  const shownDoubts = new WeakMap<object, Set<string>>();
  return (record) => {
    const doubts = doubtsOf(record.verdict).filter(
      ({ rule, field = "" }) => shownDoubts.get(rule)?.has(field) !== true,
    );
    const lines = requestLines(record, options, doubts);
    const noteDoubts = () => {
      for (const { rule, field = "" } of doubts) shownDoubts.set(rule, (shownDoubts.get(rule) ?? new Set()).add(field));
    };
    const [kind, maxShown] = isServed(record, doubts) ? ([SERVED, MAX_SERVED] as const) : [kindOf(record), MAX_SHOWN];
    const state = shown.get(kind) ?? { since: record.time, count: 0 };
    shown.set(kind, state);
    const age = record.time - state.since;
    const hidden = Math.max(0, state.count - maxShown);
    if (age >= INTERVAL_MS || age < 0) {
      shown.set(kind, { since: record.time, count: 1 });
      noteDoubts();
      return hidden > 0 ? [`          ${hidden} more of ${kind} were not shown`, ...lines] : lines;
    }
    state.count += 1;
    if (state.count > maxShown) return [];
    noteDoubts();
    return state.count === maxShown
      ? [...lines, `          more of ${kind} are counted for a while, not shown`]
      : lines;
  };
}

const SERVED = "the requests that were served";

function kindOf({ verdict, failure }: RequestRecord): string {
  if (verdict?.response) return `rule ${printable(verdict.by?.ref ?? "")}`;
  return failure ? `error ${failure.code}` : "undetermined requests";
}
