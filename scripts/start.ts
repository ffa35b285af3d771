// `npm start`: the whole kit on one machine. Ctrl-C ends everything; a second Ctrl-C does not wait.
import { resolve } from "node:path";
import { createRequestLog, problemLines } from "../infra/local/console/index.ts";
import { bannerLines } from "./start/banner.ts";
import { type Kit, startKit } from "./start/kit.ts";

const began = performance.now();
const options = { color: process.stdout.isTTY && process.env.NO_COLOR === undefined };
const say = (lines: readonly string[]) => {
  for (const line of lines) console.log(line);
};

const linesOf = createRequestLog(options);
let kit: Kit | undefined;
let endingSince: number | undefined;
/** Milliseconds in which a second signal is the first one, passed on by npm to its child that the terminal told already. */
const SAME_KEY = 500;
const end = (signal: NodeJS.Signals) => {
  if (endingSince !== undefined) {
    if (performance.now() - endingSince > SAME_KEY) process.exit(130);
    return;
  }
  endingSince = performance.now();
  say(["", `${signal}: ending (again to not wait)`]);
  if (kit) leave(kit);
};
const leave = (running: Kit) =>
  running.stop().then(
    () => {
      say(["ended"]);
      process.exit(0);
    },
    (error: unknown) => {
      console.error(`npm start: ${message(error)}`);
      process.exit(1);
    },
  );
const message = (error: unknown) => (error instanceof Error ? error.message : String(error));
process.on("SIGINT", end).on("SIGTERM", end);

try {
  kit = await startKit({
    dataDir: resolve(process.env.DATA_DIR ?? ".data"),
    env: process.env,
    onRequest: (record) => say(linesOf(record)),
    onProblem: (problem) => say(problemLines(problem, options)),
    warn: (line) => say([`warning: ${line}`]),
  });
  if (endingSince !== undefined) leave(kit);
  else say(bannerLines(kit, (performance.now() - began) / 1000));
} catch (error) {
  console.error(`npm start: ${message(error)}`);
  process.exit(1);
}
