// `npm run bench -- console`: requests through edge and tunnel, with the console recording them and without. Both edges
// are in this thread, with the load, the tunnel's edge and our connector; the origin is a thread of its own. They take
// turns, and the ratio of CPU within one run counts: the time depends on what else the machine does.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { Recorder } from "../../infra/local/console/index.ts";
import { startEdge } from "../../infra/local/edge/index.ts";
import { HOST, TestSite } from "../infra/local/edge/test-site.ts";
import { atEnd, type Report, runBenchmark } from "./benchmark.ts";
import { median } from "./contenders.ts";

const ROUNDS = 21;
const REQUESTS = 400;
const AT_ONCE = 16;
const WANTED = 1.15;

/** What browsers send with a request for JSON; the token is one that must be masked. */
const HEADERS = {
  host: HOST,
  accept: "*/*",
  "accept-encoding": "identity",
  "accept-language": "en-GB,en;q=0.9",
  authorization: `Bearer ${"eyJhbGciOiJIUzI1NiJ9"}.${"a".repeat(200)}.${"b".repeat(43)}`,
  "content-type": "application/json",
  cookie: "theme=dark; refresh=0123456789abcdef0123456789abcdef",
  origin: `http://${HOST}`,
  referer: `http://${HOST}/`,
  "sec-fetch-dest": "empty",
  "sec-fetch-mode": "cors",
  "sec-fetch-site": "same-origin",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
};
const BODY = JSON.stringify({ room: "0b8c7f7e-3a1d-4f2b-9c3e-1a2b3c4d5e6f", text: "hello ".repeat(20) });

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

function send(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = "/api/rooms/0b8c7f7e/messages?limit=50";
    const headers = { ...HEADERS, "content-length": BODY.length };
    const sent = request({ host: "127.0.0.1", port, path, method: "POST", headers, agent }, (response) => {
      response.resume();
      response.once("end", resolve).once("error", reject);
    });
    sent.once("error", reject).end(BODY);
  });
}

/** Milliseconds of this thread's CPU for a request, of `REQUESTS` by `AT_ONCE` at once. */
async function round(port: number): Promise<number> {
  let left = REQUESTS;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      await send(port);
    }
  };
  const since = cpuTime();
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return (cpuTime() - since) / REQUESTS;
}

function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

async function compare(report: Report): Promise<void> {
  atEnd(() => agent.destroy());
  const folder = await mkdtemp(join(tmpdir(), "causeway-bench-"));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const origin = new Worker(new URL("./tunnel-origin.ts", import.meta.url));
  atEnd(() => origin.terminate());
  const [originPort] = (await once(origin, "message")) as [number];
  const site = await TestSite.build(() => {}, { edge: { onRequest: () => {} } });
  atEnd(() => site.close());
  await site.sendTo(originPort);
  const recorder = new Recorder({
    file: join(folder, "requests.ndjson"),
    secretParameters: ["password"],
    warn: (line) => report.say(line),
  });
  atEnd(() => recorder.close());
  const recording = await startEdge({
    cloud: site.api.cloud,
    tunnel: site.tunnel,
    onRequest: () => {},
    onTrace: recorder.onTrace,
  });
  atEnd(() => recording.close());

  const ways = [
    { name: "without", port: site.edge.port, times: [] as number[] },
    { name: "recording", port: recording.port, times: [] as number[] },
  ];
  for (const { port } of ways) for (let turn = 0; turn < 3; turn += 1) await round(port);
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    for (const way of turn % 2 === 0 ? ways : ways.toReversed()) way.times.push(await round(way.port));
  }
  const ratios = (ways[1]?.times ?? []).map((time, index) => time / (ways[0]?.times[index] ?? 0));
  report.table(
    `${ROUNDS} rounds of ${REQUESTS} requests by ${AT_ONCE} at once; medians`,
    [[""], ["CPU ms a request", 3]],
    ways.map(({ name, times }) => [name, median(times)]),
  );
  report.target("CPU with the console recording / without", median(ratios), "<=", WANTED);
}

await runBenchmark({
  name: "console",
  summary: "Requests through edge and tunnel, with the console recording them and without.",
  options: {},
  run: (_options, report) => compare(report),
});
