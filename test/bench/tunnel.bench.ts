// `npm run bench -- tunnel`: requests to the same origin directly, through the tunnel with our own connector, and with
// the real cloudflared where one is found. Each connector is a process of its own, the origin a thread; the figures
// that count are the ratios within one run, since every way meets the same machine in turn. The CPU of each part says
// where the time goes.
import { once } from "node:events";
import { Agent, request } from "node:http";
import { Worker } from "node:worker_threads";
import { findCloudflared } from "../../cloudflared/index.ts";
import { runConnector } from "../cloudflared/connector-command.ts";
import { type EdgeForTests, startEdgeForTests } from "../cloudflared/edge-for-tests.ts";
import { atEnd, type Report, runBenchmark } from "./benchmark.ts";
import { cpuOf, median, quantile } from "./contenders.ts";

/** Sends one request and resolves with the bytes of the answer. */
type Way = (path: string) => Promise<number>;

const ROUNDS = 7;
const SEQUENTIAL = 200;
const CONCURRENT = 1_000;
const AT_ONCE = 32;
const BIG = 4;
/** Ratios of edge and cloudflared together to a direct connection. */
const WANTED = { rate: 0.7, throughput: 0.4 };

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

function direct(port: number): Way {
  return (path) =>
    new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port, path, agent }, (response) => {
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
        });
        response.once("end", () => resolve(bytes));
        response.once("error", reject);
      });
      sent.once("error", reject);
      sent.end();
    });
}

function tunnelled({ edge, tunnelId }: EdgeForTests): Way {
  return async (path) => {
    const stream = edge.open(tunnelId, { method: "GET", path, host: "bench", headers: [], body: false });
    if (!stream) throw new Error("no connector is connected");
    let bytes = 0;
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await once(stream, "end");
    return bytes;
  };
}

const milliseconds = async (work: () => Promise<unknown>) => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

/** Microseconds of CPU for a request, or for `/big`. */
interface Costs {
  /** The load, with the edge's end of the tunnel. */
  load: number[];
  connector: number[];
  /** The origin, and the helper threads of this process. */
  origin: number[];
}

class Figures {
  latency: number[] = [];
  rates: number[] = [];
  throughput: number[] = [];
  request: Costs = { load: [], connector: [], origin: [] };
  big: Costs = { load: [], connector: [], origin: [] };
}

/** Milliseconds of some work; the CPU that it took is added to `costs`. */
async function costing(costs: Costs, connector: number | undefined, count: number, work: () => Promise<unknown>) {
  const cpu = () => {
    const [thread, all] = [process.threadCpuUsage(), process.cpuUsage()];
    const load = thread.user + thread.system;
    return { load, origin: all.user + all.system - load, connector: connector === undefined ? 0 : cpuOf(connector) };
  };
  const before = cpu();
  const elapsed = await milliseconds(work);
  const after = cpu();
  for (const part of ["load", "connector", "origin"] as const) costs[part].push((after[part] - before[part]) / count);
  return elapsed;
}

async function round(way: Way, connector: number | undefined, figures: Figures): Promise<void> {
  for (let sent = 0; sent < SEQUENTIAL; sent += 1) figures.latency.push(await milliseconds(() => way("/")));
  let left = CONCURRENT;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      await way("/");
    }
  };
  const atOnce = () => Promise.all(Array.from({ length: AT_ONCE }, client));
  const elapsed = await costing(figures.request, connector, CONCURRENT, atOnce);
  figures.rates.push(CONCURRENT / (elapsed / 1000));
  const big = async () => {
    for (let turn = 0; turn < BIG; turn += 1) await way("/big");
  };
  figures.throughput.push((16 * BIG) / ((await costing(figures.big, connector, BIG, big)) / 1000));
}

async function compare(report: Report): Promise<void> {
  atEnd(() => agent.destroy());
  const origin = new Worker(new URL("./tunnel-origin.ts", import.meta.url));
  atEnd(() => origin.terminate());
  const [port] = (await once(origin, "message")) as [number];
  const config = { ingress: [{ service: `http://127.0.0.1:${port}` }] };
  const binary = await findCloudflared(process.env);
  const kinds = [
    ["own connector", { PATH: "" }],
    ...(binary ? ([[`cloudflared ${binary.version}`, { PATH: "", CLOUDFLARED_BIN: binary.file }]] as const) : []),
  ] as const;
  const ways: (readonly [name: string, way: Way, connector?: number])[] = [["direct", direct(port)]];
  for (const [name, env] of kinds) {
    const testSite = await startEdgeForTests(config);
    atEnd(() => testSite.close());
    const { address: TUNNEL_EDGE, caFile: TUNNEL_CACERT } = testSite.edge;
    const command = runConnector({
      ...env,
      TUNNEL_EDGE,
      TUNNEL_CACERT,
      TUNNEL_TOKEN_FILE: testSite.tokenFile,
      TUNNEL_GRACE_PERIOD: "1s",
    });
    atEnd(() => {
      command.signal("SIGTERM");
      return command.ended;
    });
    await command.ready;
    await testSite.until(4);
    ways.push([name, tunnelled(testSite), command.pid]);
  }

  const results = ways.map(([name, way, connector]) => ({ name, way, connector, figures: new Figures() }));
  for (const { way, connector } of results) await round(way, connector, new Figures());
  for (let index = 0; index < ROUNDS; index += 1) {
    for (let turn = 0; turn < results.length; turn += 1) {
      const one = results[(turn + index) % results.length];
      if (one) await round(one.way, one.connector, one.figures);
    }
  }
  const medians = results.map(({ name, figures: { latency, rates, throughput } }) => {
    return {
      name,
      p50: median(latency),
      p99: quantile(latency, 0.99),
      rate: median(rates),
      through: median(throughput),
    };
  });
  const [base] = medians;
  report.table(
    `${ROUNDS} rounds of ${SEQUENTIAL} requests in turn, ${CONCURRENT} by ${AT_ONCE} at once, ${BIG} times 16 MiB; medians`,
    [
      ...([[""], ["p50 ms", 2], ["ratio", 2], ["p99 ms", 2], ["requests/s"]] as const),
      ...([["their ratio", 2], ["MiB/s"], ["the ratio of these", 2]] as const),
    ],
    medians.map(({ name, p50, p99, rate, through }) => [
      ...[name, p50, p50 / (base?.p50 ?? p50), p99, rate],
      ...[rate / (base?.rate ?? rate), through, through / (base?.through ?? through)],
    ]),
  );
  const parts = ["load", "connector", "origin"] as const;
  report.table(
    "CPU: us for a request, ms for 16 MiB",
    [[""], ...parts.flatMap((part) => [[part, 1] as const, [`${part}, 16 MiB`, 1] as const])],
    results.map(({ name, figures: { request: small, big } }) => {
      return [name, ...parts.flatMap((part) => [median(small[part]), median(big[part]) / 1000])];
    }),
  );
  if (base === undefined) return;
  const [, own, real] = medians;
  if (own && real) {
    report.target(`requests/s, ${real.name} / direct`, real.rate / base.rate, ">=", WANTED.rate);
    report.target(`MiB/s, ${real.name} / direct`, real.through / base.through, ">=", WANTED.throughput);
    report.target(`requests/s, ${own.name} / ${real.name}`, own.rate / real.rate, ">=", 1);
    report.target(`MiB/s, ${own.name} / ${real.name}`, own.through / real.through, ">=", 1);
  }
}

await runBenchmark({
  name: "tunnel",
  summary: "Requests to one origin directly, through our own connector, and through cloudflared where it is found.",
  options: {},
  run: (_options, report) => compare(report),
});
