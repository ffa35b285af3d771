// `npm run bench -- soak`: three nodes over PostgreSQL and NATS carry half of what the machine can, for ten minutes, while nodes are
// killed and stopped, the database is stopped and NATS is cut. Afterwards everything is read again: of what was acknowledged nothing
// may be lost, doubled or reordered, and every client must have heard all of it.
import {
  command,
  endSignal,
  oneOf,
  option,
  optionWithDefault,
  runCommand,
  wholeNumber,
} from "../../scripts/command-line/index.ts";
import { say } from "./contenders.ts";
import { ACCIDENTS } from "./soak/accidents.ts";
import { reportJson, reportLines } from "./soak/report.ts";
import { runSoak } from "./soak/run.ts";

/** Seconds from which on a run has all accidents. */
const LONG = 300;

await runCommand(
  command({
    name: "bench -- soak",
    summary: "Runs three nodes over PostgreSQL and NATS through accidents, then reads every message again.",
    details:
      "At half of the rate that the machine carries, which is measured first. From 300 seconds on with all accidents.",
    options: {
      seconds: optionWithDefault("--seconds <n>", "how long clients talk", wholeNumber(30, 86_400), 600),
      clients: optionWithDefault("--clients <n>", "clients, in rooms of 6", wholeNumber(12, 5_000), 300),
      rate: option("--rate <n>", "messages a second (half of what the machine carries)", wholeNumber(1, 100_000)),
      format: optionWithDefault("--format <format>", "text or json", oneOf(["text", "json"]), "text"),
    },
    failure: "something that was acknowledged is lost, doubled or reordered, or a client has not heard it",
    examples: ["", "--seconds 60 --clients 60 --rate 100"],
    async run({ options: { seconds, clients, rate, format } }) {
      const signal = endSignal();
      const accidents = ACCIDENTS.filter(({ isInShort }) => isInShort || seconds >= LONG);
      try {
        const result = await runSoak({
          ...{ seconds, clients, rate, accidents, signal },
          say: (line) => void process.stderr.write(`${line}\n`),
        });
        if (format === "json") say(JSON.stringify(reportJson(result), null, 2));
        else for (const line of reportLines(result)) say(line);
        return result.problems.length === 0 ? 0 : 1;
      } catch (error) {
        if (signal.aborted) return 1;
        throw error;
      }
    },
  }),
);
process.exit();
