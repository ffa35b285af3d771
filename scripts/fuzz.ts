import { randomInt } from "node:crypto";
import { command, option, optionWithDefault, runCommand, wholeNumber } from "./command-line/index.ts";
import { runJest } from "./programs/jest.ts";

const MAX = 999_999_999;

await runCommand(
  command({
    name: "fuzz",
    summary:
      "Sends random requests, packets, frames and calls to the backend, and prints what breaks it in its shortest " +
      "form.",
    options: {
      cases: optionWithDefault(
        "--cases <number>",
        "requests; as many packets, frames and calls",
        wholeNumber(1, MAX),
        100_000,
      ),
      seed: option(
        "--seed <number>",
        "the seed of an earlier run, to find the same again (random)",
        wholeNumber(0, MAX),
      ),
    },
    failure: "something broke",
    examples: ["--cases 1000", "--seed 271828"],
    async run({ options: { cases, seed = randomInt(MAX + 1) } }) {
      console.log(`${cases} cases of each kind, seed ${seed}`);
      const env = { ...process.env, CAUSEWAY_FUZZ_CASES: String(cases), CAUSEWAY_FUZZ_SEED: String(seed) };
      return runJest(["test/backend/fuzz.test.ts", "--verbose"], env);
    },
  }),
);
