// `npm run bench -- soak`: three nodes over PostgreSQL and NATS carry half of what the machine can, for ten minutes,
// while nodes are killed and stopped, the database is stopped and NATS is cut. Afterwards everything is read again: of
// what was acknowledged nothing may be lost, doubled or reordered, and every client must have got all of it.
import { endSignal, option, optionWithDefault, text, wholeNumber } from "../../../scripts/command-line/index.ts";
import { runBenchmark } from "../benchmark.ts";
import { SITE_PROGRAMS } from "./site/site.ts";
import { ACCIDENTS } from "./soak/accidents.ts";
import { reportSoak } from "./soak/report.ts";
import { runSoak } from "./soak/run.ts";

/** Seconds from which on a run has all accidents. */
const LONG = 300;

await runBenchmark({
  name: "soak",
  summary: "Runs three nodes over PostgreSQL and NATS through accidents, then reads every message again.",
  environment: SITE_PROGRAMS,
  details: `At half of the rate that the machine carries, which is measured first. From ${LONG} seconds on with all accidents.`,
  options: {
    seconds: optionWithDefault("--seconds <n>", "how long clients talk", wholeNumber(30, 86_400), 600),
    clients: optionWithDefault("--clients <n>", "clients, in rooms of 6", wholeNumber(36, 5_000), 300),
    rate: option("--rate <n>", "messages a second (half of what the machine carries)", wholeNumber(1, 100_000)),
    logs: option("--logs <folder>", "gets the log of each node", text),
  },
  examples: ["", "--seconds 60 --clients 60 --rate 100"],
  async run({ seconds, clients, rate, logs }, report) {
    const accidents = ACCIDENTS.filter(({ isInShort }) => isInShort || seconds >= LONG);
    const say = (line: string) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
    reportSoak(await runSoak({ seconds, clients, rate, logs, accidents, say, signal: endSignal() }), report);
  },
});
