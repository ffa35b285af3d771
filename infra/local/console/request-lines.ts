import type { RuleEvent, Verdict } from "../../rules/index.ts";
import type { DeploymentProblem, RequestRecord } from "../edge/index.ts";
import { type Doubt, doubtSentences, doubtsOf } from "./doubts.ts";
import { printable, printableBytes } from "./escape.ts";

/** How lines are written. */
export interface LineOptions {
  /** ANSI colours. */
  readonly color?: boolean;
}

const RED = 31;
const YELLOW = 33;
const INDENT = " ".repeat(10);

/**
 * The lines for a request. The first one has the request and its outcome: `SERVED` where nothing stopped it. The others
 * have the rule that stopped it and why it matched, what failed, or what is not known. `doubted` are the doubts to
 * list.
 */
export function requestLines(
  record: RequestRecord,
  options: LineOptions = {},
  doubted: readonly Doubt[] = doubtsOf(record.verdict),
): readonly string[] {
  const { verdict, failure, status } = record;
  const paint = painter(options);
  if (verdict?.response) {
    const [word, color] = outcomeWord(verdict);
    return [headline(record, paint(word, color)), ...ruleLines(verdict.by), ...doubtLines(doubted)];
  }
  if (isServed(record, doubted)) return [servedLine(record, paint)];
  const lines = failure ? [`${INDENT}${printable(failure.message, 1_000)}`] : [];
  const word = failure
    ? paint(failure.code === status ? "ERROR" : `ERROR ${failure.code}`, RED)
    : paint("UNSURE", YELLOW);
  return [headline(record, word), ...lines, ...doubtLines(doubted)];
}

/** Whether a request was served, and nothing about it was in doubt: then `requestLines` makes one line. */
export const isServed = ({ verdict, failure }: RequestRecord, doubted: readonly Doubt[]): boolean =>
  !verdict?.response && failure === undefined && doubted.length === 0;

/** The lines for rules that are deployed and cannot be run. */
export function problemLines({ zone, message }: DeploymentProblem, options: LineOptions = {}): readonly string[] {
  const [first = "", ...rest] = message.split("\n");
  const lines = rest.map((line) => `${INDENT}${printable(line, 1_000)}`);
  return [`${painter(options)("RULES", RED)}     zone ${printable(zone)}: ${printable(first, 1_000)}`, ...lines];
}

function servedLine(record: RequestRecord, paint: ReturnType<typeof painter>): string {
  const { status, durationMs } = record;
  const took = status === 101 ? `open for ${(durationMs / 1000).toFixed(1)} s` : `${durationMs} ms`;
  return `${headline(record, status < 500 ? "SERVED" : paint("SERVED", RED))}  ${took}`;
}

function outcomeWord({ outcome, by }: Verdict): [word: string, color: number] {
  if (outcome === "redirect") return ["REDIRECTED", YELLOW];
  if (outcome === "challenge" || by?.action.endsWith("challenge")) return ["CHALLENGE", YELLOW];
  return by?.phase === "http_ratelimit" ? ["LIMITED", YELLOW] : ["BLOCKED", RED];
}

function headline({ time, method, host, path, client, status, ray }: RequestRecord, word: string): string {
  const at = new Date(time).toTimeString().slice(0, 8);
  const request =
    method === "" ? "(malformed request)" : `${printableBytes(method, 20)} ${printableBytes(host + path)}`;
  return `${at}  ${word} ${status}  ${request}  from ${printable(client)}  ray ${ray}`;
}

function ruleLines(by: RuleEvent | undefined): string[] {
  if (!by) return [];
  const description = by.description === "" ? "" : `: ${printable(by.description)}`;
  return [
    `${INDENT}rule ${printable(by.ref)} (${by.phase}, ${by.action})${description}`,
    `${INDENT}${printable(by.why, 500)}`,
  ];
}

/** Maximum number of doubts that are listed for a request. */
const MAX_DOUBTS = 3;

function doubtLines(doubts: readonly Doubt[]): string[] {
  const sentences = doubtSentences(doubts);
  const shown = sentences.slice(0, MAX_DOUBTS).map((one) => `${INDENT}undetermined: ${printable(one, 500)}`);
  const more = sentences.length - shown.length;
  const lines = [...shown, ...(more > 0 ? [`${INDENT}undetermined: ${more} more rules or fields`] : [])];
  return lines.length > 0 ? [...lines, `${INDENT}rules in doubt were taken as not matching`] : [];
}

function painter({ color }: LineOptions): (text: string, code: number) => string {
  return (text, code) => (color === true ? `\x1b[${code}m${text}\x1b[0m` : text);
}
