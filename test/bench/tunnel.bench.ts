// `npm run bench -- tunnel`: requests to the same origin directly, through the tunnel with our own connector, and with
// the real cloudflared where one is found. Each connector is a process of its own, the origin a thread; the figures
// that count are the ratios within one run, since every way meets the same machine in turn.
import { once } from "node:events";
import { Agent, request } from "node:http";
import { Worker } from "node:worker_threads";
import { findCloudflared } from "../../cloudflared/index.ts";
import { runConnector } from "../cloudflared/connector-command.ts";
import { type EdgeForTests, startEdgeForTests } from "../cloudflared/edge-for-tests.ts";
import { atEnd, type Report, runBenchmark } from "./benchmark.ts";
import { median, quantile } from "./contenders.ts";

/** Sends one request and resolves with the bytes of the answer. */
type Way = (path: string) => Promise<number>;

const ROUNDS = 7;
const SEQUENTIAL = 200;
const CONCURRENT = 1_000;
const AT_ONCE = 32;

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

interface Figures {
  latency: number[];
  rates: number[];
  throughput: number[];
}

async function round(way: Way, figures: Figures): Promise<void> {
  for (let sent = 0; sent < SEQUENTIAL; sent += 1) figures.latency.push(await milliseconds(() => way("/")));
  let left = CONCURRENT;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      await way("/");
    }
  };
  const elapsed = await milliseconds(() => Promise.all(Array.from({ length: AT_ONCE }, client)));
  figures.rates.push(CONCURRENT / (elapsed / 1000));
  figures.throughput.push(16 / ((await milliseconds(() => way("/big"))) / 1000));
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
  const ways: (readonly [name: string, way: Way])[] = [["direct", direct(port)]];
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
    ways.push([name, tunnelled(testSite)]);
  }

  const results = ways.map(([name, way]) => {
    return { name, way, figures: { latency: [], rates: [], throughput: [] } as Figures };
  });
  for (const { way } of results) await round(way, { latency: [], rates: [], throughput: [] });
  for (let index = 0; index < ROUNDS; index += 1) {
    for (let turn = 0; turn < results.length; turn += 1) {
      const one = results[(turn + index) % results.length];
      if (one) await round(one.way, one.figures);
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
    `${ROUNDS} rounds of ${SEQUENTIAL} requests in turn, ${CONCURRENT} by ${AT_ONCE} at once, 16 MiB; medians`,
    [
      ...([[""], ["p50 ms", 2], ["ratio", 2], ["p99 ms", 2], ["requests/s"]] as const),
      ...([["their ratio", 2], ["MiB/s"], ["the ratio of these", 2]] as const),
    ],
    medians.map(({ name, p50, p99, rate, through }) => [
      ...[name, p50, p50 / (base?.p50 ?? p50), p99, rate],
      ...[rate / (base?.rate ?? rate), through, through / (base?.through ?? through)],
    ]),
  );
}

await runBenchmark({
  name: "tunnel",
  summary: "Requests to one origin directly, through our own connector, and through cloudflared where it is found.",
  options: {},
  run: (_options, report) => compare(report),
});
