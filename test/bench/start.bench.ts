// `npm run bench -- start`: the time from the start of a process until the backend accepts connections, of `npm run
// backend` and of a bundle, in turns. Each has a database of its own that exists already.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { delimiter, dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { bundleFiles } from "../../scripts/bundle-build/bundle-files.ts";
import { writeFolder } from "../../scripts/bundle-build/write-folder.ts";
import { optionWithDefault, wholeNumber } from "../../scripts/command-line/index.ts";
import { freePort } from "../../scripts/local-site/free-port.ts";
import { atEnd, type Report, runBenchmark } from "./benchmark.ts";
import { cpuOf, median, ratios, temporaryFolder } from "./contenders.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Milliseconds between two tries to connect, and until a start has failed. */
const POLL_MS = 2;
const LIMIT_MS = 30_000;

/** A way to start the backend. */
interface Way {
  readonly name: string;
  readonly program: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly times: number[];
  readonly cpu: number[];
}

/** Milliseconds, and those of CPU, until the port of a new process accepts a connection. Ends the process. */
async function start(
  { name, program: [command = "", ...args], env }: Way,
  folder: string,
): Promise<{ time: number; cpu: number }> {
  const port = await freePort(0);
  const own = { PORT: String(port), DATA_DIR: join(folder, name.replaceAll(/\W+/g, "-")), DRAIN_SECONDS: "0" };
  const path = [dirname(process.execPath), process.env.PATH ?? ""].join(delimiter);
  const started = performance.now();
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { PATH: path, ...own, ...env },
    stdio: "ignore",
    detached: true, // a group, which npm's shell and the backend are in as well
  });
  const ended = once(child, "exit");
  atEnd(() => signal(child, "SIGKILL"));
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} before it was ready.`);
    if (performance.now() - started > LIMIT_MS) throw new Error(`${name} was not ready after ${LIMIT_MS / 1000} s.`);
    await delay(POLL_MS);
  }
  const taken = { time: performance.now() - started, cpu: cpuOf(child.pid ?? 0) / 1000 };
  signal(child, "SIGTERM");
  await ended;
  while (await accepts(port)) await delay(POLL_MS);
  return taken;
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise<boolean>((done) => {
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  }).finally(() => socket.destroy());
}

async function compare(rounds: number, report: Report): Promise<void> {
  const folder = temporaryFolder();
  const bundle = join(folder, "bundle");
  await writeFolder(bundle, await bundleFiles({ withNode: false }), new AbortController().signal);
  const way = (name: string, program: readonly string[], env: Way["env"] = {}): Way => ({
    name,
    program,
    env,
    times: [],
    cpu: [],
  });
  const npm = way("npm run backend", ["npm", "run", "backend"]);
  const plain = way("bundle", [join(bundle, "causeway"), "backend"], { XDG_CACHE_HOME: join(folder, "cache") });
  const ways = [
    npm,
    way("without npm", [process.execPath, "scripts/run.mjs", "backend"]),
    plain,
    way("bundle that keeps nothing", plain.program, { NODE_DISABLE_COMPILE_CACHE: "1" }),
  ];
  // makes the database, and what a first start keeps for the next one
  for (const one of ways) await start(one, folder);
  for (let round = 0; round < rounds; round += 1) {
    for (const one of round % 2 === 0 ? ways : ways.toReversed()) {
      const { time, cpu } = await start(one, folder);
      one.times.push(time);
      one.cpu.push(cpu);
    }
  }
  report.table(
    `${rounds} starts of each, in turns: milliseconds until the port accepts connections`,
    [[""], ["median"], ["least"], ["most"], ["against npm run backend", 2], ["CPU"], ["against it", 2]],
    ways.map(({ name, times, cpu }) => {
      const spread = [median(times), Math.min(...times), Math.max(...times)];
      return [name, ...spread, ratios(times, npm.times), median(cpu), ratios(cpu, npm.cpu)];
    }),
  );
  report.target("start of a bundle against npm run backend", ratios(plain.times, npm.times), "<=", 1 / 3);
}

await runBenchmark({
  name: "start",
  summary: "How long the backend takes to start: a bundle against npm run backend.",
  options: { rounds: optionWithDefault("--rounds <n>", "how often each is started", wholeNumber(1, 100), 7) },
  run: ({ rounds }, report) => compare(rounds, report),
});
