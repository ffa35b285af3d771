import type { Report } from "../../benchmark.ts";
import { quantile } from "../../contenders.ts";
import type { ProblemKind } from "./ledger.ts";
import type { SoakResult } from "./run.ts";

/** What must never happen, and the kinds of problems that are it. */
const TARGETS: readonly (readonly [what: string, kinds: readonly ProblemKind[]])[] = [
  ["acknowledged messages and edits that are lost", ["lost", "history"]],
  ["messages that are stored or sent twice", ["doubled"]],
  ["messages out of their order, numbers that are missing", ["reordered", "gap"]],
  ["messages and edits that a client has not got", ["not heard", "edit not heard", "shown"]],
  ["clients that stayed away, were signed out or refused for good", ["stuck", "signed out", "refused for good"]],
];

/** Says the result: what clients saw in each period, the nodes' memory, and whether anything is wrong. */
export function reportSoak(result: SoakResult, report: Report): void {
  const { limit, rate, written, acknowledged, audit, periods, memory, complaints, problems } = result;
  const share = limit === undefined ? "" : `, half of the ${limit.toFixed(0)} that the machine carried`;
  const most = (values: readonly number[]) => quantile(values, 1);
  report.table(
    `${rate} messages/s${share}. Milliseconds from the first send to the acknowledgement and to another client; ` +
      "for how long clients were away; what came later than a second after its acknowledgement",
    [
      ...([[""], ["s"], ["acked"], ["ack p50"], ["ack p95"], ["delivered p50"], ["delivered p95"]] as const),
      ...([["away"], ["away p50"], ["away p95"], ["away most"], ["late"], ["late most"]] as const),
    ],
    periods.map(({ name, seconds, acknowledgements, deliveries, away, late }) => [
      ...[name, seconds, acknowledgements.length, quantile(acknowledgements, 0.5), quantile(acknowledgements, 0.95)],
      ...[quantile(deliveries, 0.5), quantile(deliveries, 0.95)],
      ...[away.length, quantile(away, 0.5), quantile(away, 0.95), most(away), late.length, most(late)],
    ]),
  );
  const refusals = periods.flatMap(({ name, refusals }) =>
    [...refusals].map(([code, count]): [string, string, number] => [name, code, count]),
  );
  report.table("Refusals", [["when"], ["code"], ["times"]], refusals);
  report.table(
    "Memory of each node's last life, resident megabytes",
    [["node"], ["starts"], ["first"], ["last"], ["most"], ["seconds between"]],
    memory.map(({ name, lives, first, last, most, seconds }) => [name, lives, first, last, most, seconds]),
  );
  report.table("Warnings and errors in the logs", [["message"], ["times"]], [...complaints]);
  report.say(
    `\n${written} written, ${acknowledged} acknowledged, ${audit.stored} stored, ${audit.readOverApi} read over the API`,
  );
  for (const { kind, count, examples } of problems)
    report.say(`${kind}, ${count} times, for example:\n${examples.map((example) => `  ${example}`).join("\n")}`);
  report.target("messages that are acknowledged and not read again", acknowledged - audit.readOverApi, "<=", 0);
  for (const [what, kinds] of TARGETS) {
    const count = problems.reduce((sum, problem) => sum + (kinds.includes(problem.kind) ? problem.count : 0), 0);
    report.target(what, count, "<=", 0);
  }
}
