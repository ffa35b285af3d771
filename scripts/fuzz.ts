// `npm run fuzz -- [--cases N] [--seed N]`: the gateway against that many raw requests, as many raw packets and raw frames. What breaks it
// is printed in its shortest form, with the seed that finds it again, and the exit code is 1.
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { runJest } from "./run-jest.ts";

const DEFAULT_CASES = 100_000;

/** A whole number of at most nine digits; undefined for anything else. */
function whole(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function options(): { readonly cases: number; readonly seed: number } | undefined {
  try {
    const { values } = parseArgs({ options: { cases: { type: "string" }, seed: { type: "string" } } });
    const cases = whole(values.cases ?? String(DEFAULT_CASES));
    const seed = whole(values.seed ?? String(randomInt(1_000_000_000)));
    return cases && seed !== undefined ? { cases, seed } : undefined;
  } catch {
    return undefined;
  }
}

const given = options();
if (!given) {
  console.error(
    "npm run fuzz -- [--cases N] [--seed N], both whole numbers of at most nine digits; N cases are at least 1",
  );
  process.exitCode = 2;
} else {
  console.log(`${given.cases} cases of each kind, seed ${given.seed}`);
  const env = { ...process.env, CAUSEWAY_FUZZ_CASES: String(given.cases), CAUSEWAY_FUZZ_SEED: String(given.seed) };
  process.exitCode = runJest(["test/backend/fuzz.test.ts", "--verbose"], env);
}
