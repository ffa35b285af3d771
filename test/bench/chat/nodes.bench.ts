// `npm run bench -- nodes`: what several nodes over PostgreSQL and NATS cost in CPU for each message that reaches a
// client, against one node (N5), what a node pays that has no member of a room, and for how long clients are away when
// a node stops or dies (N3). Each node has as many clients and messages, however many nodes there are: a node comes
// where there is more to do. How little load divided over several costs more for each message is shown as well: each of
// them wakes up for fewer messages at once.
import { isDeepStrictEqual } from "node:util";
import { optionWithDefault, wholeNumber } from "../../../scripts/command-line/index.ts";
import { runBenchmark } from "../benchmark.ts";
import { median, quantile, ratios } from "../contenders.ts";
import { measureAbsences } from "./nodes/absences.ts";
import { type Deliveries, grown, measureDeliveries, type NodeFigures, type Setting, thin } from "./nodes/deliveries.ts";
import { SITE_PROGRAMS } from "./site/site.ts";

const MOST_NODES = 4;

await runBenchmark({
  name: "nodes",
  summary: "Measures what several nodes cost, and for how long clients are away when one stops.",
  environment: SITE_PROGRAMS,
  options: {
    clients: optionWithDefault("--clients <n>", "clients of each node, in rooms of 6", wholeNumber(24, 1_000), 240),
    rate: optionWithDefault("--rate <n>", "messages a second for each node", wholeNumber(1, 20_000), 200),
    rounds: optionWithDefault("--rounds <n>", "how often everything is measured", wholeNumber(1, 100), 2),
  },
  async run({ clients, rate, rounds }, report) {
    const measured: NodeFigures[] = [];
    for (let round = 0; round < rounds; round += 1) measured.push(await measureDeliveries(MOST_NODES, clients, rate));
    const figuresOf = (setting: Setting, figure: (one: Deliveries) => number) =>
      measured.map(({ figures }) => {
        return figure(figures.find((one) => isDeepStrictEqual(one.setting, setting)) as Deliveries);
      });
    const columns = [
      ["us of CPU for a delivery", (one: Deliveries) => one.perDelivery],
      ["without what silence costs", (one: Deliveries) => one.perDeliveryAlone],
      ["NATS messages for a chat message", (one: Deliveries) => one.natsMessages],
    ] as const;
    const rows: (readonly [name: string, setting: Setting])[] = [];
    for (let nodes = 1; nodes <= MOST_NODES; nodes += 1) rows.push([String(nodes), grown(nodes)]);
    rows.push([`${MOST_NODES}, each room on one`, grown(MOST_NODES, "together")]);
    rows.push([`${MOST_NODES} that share the load of one`, thin(MOST_NODES)]);
    report.table(
      `For each node ${clients} clients in rooms of 6 and ${rate} messages/s, members on one node after the other; medians of ${rounds} rounds`,
      [["nodes"], ...columns.map(([name]) => [name, 2] as const)],
      rows.map(([name, setting]) => [name, ...columns.map(([, figure]) => median(figuresOf(setting, figure)))]),
    );
    const { stopped, killed } = await measureAbsences(clients, rate, rounds);
    report.table(
      `Milliseconds that the clients of one of three nodes were away, ${rounds} times each`,
      [[""], ["clients"], ["p50"], ["p95"], ["most"]],
      Object.entries({ "stopped in order": stopped, "kill -9": killed }).map(([name, times]) => [
        ...[name, times.length, quantile(times, 0.5), quantile(times, 0.95), quantile(times, 1)],
      ]),
    );
    const perDelivery = (setting: Setting) => figuresOf(setting, (one) => one.perDeliveryAlone);
    for (const [where, setting] of [
      ["members on all", grown(MOST_NODES)],
      ["each room on one", grown(MOST_NODES, "together")],
    ] as const) {
      const ratio = ratios(perDelivery(setting), perDelivery(grown(1)));
      report.target(`N5: CPU for a delivery, ${MOST_NODES} nodes against 1, ${where}`, ratio, "<=", 1.25);
    }
    const withoutMember = median(measured.map((round) => round.withoutMember));
    report.target("N5: us for a chat message on a node without a member", withoutMember, "<=", 5);
    report.target("N3: ms away when a node stops in order, p95", quantile(stopped, 0.95), "<=", 500);
  },
});
