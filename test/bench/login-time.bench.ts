// `npm run bench -- login-time`: whether response time reveals that an account exists. Wrong passwords for existing and
// for unknown accounts take turns, over HTTP, each from an address of its own; the same for asking for a new password.
// The figure is the chance that a response for an existing account took longer: 0.5 where time reveals nothing. Exits 1
// where it reveals something.

import { startTestBackend } from "../backend/test-backend.ts";
import { NO_LIMITS } from "../backend/test-options.ts";
import { atEnd, type Report, runBenchmark } from "./benchmark.ts";
import { median } from "./contenders.ts";

const ACCOUNTS = 30;
/** Tries for each account: fewer than the throttle lets happen without a wait. */
const TRIES = 15;
/** Between this and one minus it, chance explains the difference of so many tries: four standard errors. */
const SUSPICIOUS = 0.5 + 4 * Math.sqrt((2 * ACCOUNTS * TRIES + 1) / (12 * (ACCOUNTS * TRIES) ** 2));

type TestBackend = Awaited<ReturnType<typeof startTestBackend>>;
let tries = 0;

async function time(backend: TestBackend, path: string, body: object, status: number): Promise<number> {
  tries += 1;
  const headers = { "cf-connecting-ip": `10.${tries >> 16}.${(tries >> 8) & 255}.${tries & 255}` };
  const start = performance.now();
  const answer = await backend.request("POST", path, { body, headers });
  const taken = performance.now() - start;
  if (answer.status !== status) throw new Error(`${path} answered ${answer.status}`);
  return taken;
}

/** The chance that one of these is larger than one of those (Mann and Whitney's U over the number of pairs). */
function chance(these: readonly number[], those: readonly number[]): number {
  let larger = 0;
  for (const one of these) for (const other of those) larger += one > other ? 1 : one === other ? 0.5 : 0;
  return larger / (these.length * those.length);
}

async function compare(report: Report): Promise<void> {
  const backend = await startTestBackend({ limits: NO_LIMITS, config: { LOG_LEVEL: "silent" } });
  atEnd(() => backend.stop());
  const known: string[] = [];
  for (let n = 0; n < ACCOUNTS; n += 1) known.push((await backend.registerUser()).email);
  const unknown = known.map((email) => email.replace("person", "nobody"));
  const rows = [];
  for (const [what, path, more, status] of [
    ["a wrong password", "/api/auth/login", { password: "a wrong guess" }, 401],
    ["a forgotten password", "/api/auth/request-reset", {}, 200],
  ] as const) {
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < TRIES; round += 1) {
      for (let n = 0; n < ACCOUNTS; n += 1) {
        const both = [
          [times[0], known[n]],
          [times[1], unknown[n]],
        ] as const;
        for (const [taken, email] of (n + round) % 2 ? both : both.toReversed()) {
          taken.push(await time(backend, path, { email, ...more }, status));
        }
      }
    }
    const longer = chance(...times);
    rows.push([what, median(times[0]), median(times[1]), longer]);
    const worst = Math.max(longer, 1 - longer);
    report.target(`chance that a known address takes longer, or shorter: ${what}`, worst, "<=", SUSPICIOUS);
  }
  report.table(
    `${ACCOUNTS * TRIES} tries of each`,
    [[""], ["known ms", 3], ["unknown ms", 3], ["chance that known takes longer", 3]],
    rows,
  );
}

await runBenchmark({
  name: "login-time",
  summary: "Whether the time of a response reveals that an address has a user.",
  options: {},
  run: (_options, report) => compare(report),
});
