// `npm run bench -- tunnel`: requests to the same origin directly, through the tunnel with our own connector, and with the real
// cloudflared where one is found. Each connector is a process of its own, the origin a thread; the figures that count are the
// ratios within one run, since every way meets the same machine in turn.
import { once } from "node:events";
import { Agent, request } from "node:http";
import { Worker } from "node:worker_threads";
import { findCloudflared } from "../../cloudflared/index.ts";
import { runConnector } from "../cloudflared/connector-command.ts";
import { type EdgeForTests, startEdgeForTests } from "../cloudflared/edge-for-tests.ts";

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
const quantile = (values: readonly number[], part: number) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN;

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

const origin = new Worker(new URL("./tunnel-origin.ts", import.meta.url));
const [port] = (await once(origin, "message")) as [number];
const config = { ingress: [{ service: `http://127.0.0.1:${port}` }] };
const binary = await findCloudflared(process.env);
const kinds = [
  ["own connector", { PATH: "" }],
  ...(binary ? ([[`cloudflared ${binary.version}`, { PATH: "", CLOUDFLARED_BIN: binary.file }]] as const) : []),
] as const;

const houses: EdgeForTests[] = [];
const ends: (() => Promise<unknown>)[] = [];
const ways: (readonly [name: string, way: Way])[] = [["direct", direct(port)]];
for (const [name, env] of kinds) {
  const house = await startEdgeForTests(config);
  const { address: TUNNEL_EDGE, caFile: TUNNEL_CACERT } = house.edge;
  const command = runConnector({
    ...env,
    TUNNEL_EDGE,
    TUNNEL_CACERT,
    TUNNEL_TOKEN_FILE: house.tokenFile,
    TUNNEL_GRACE_PERIOD: "1s",
  });
  await command.ready;
  await house.until(4);
  houses.push(house);
  ends.push(() => {
    command.signal("SIGTERM");
    return command.ended;
  });
  ways.push([name, tunnelled(house)]);
}

const results = ways.map(([name, way]) => ({
  name,
  way,
  figures: { latency: [], rates: [], throughput: [] } as Figures,
}));
for (const { way } of results) await round(way, { latency: [], rates: [], throughput: [] });
for (let index = 0; index < ROUNDS; index += 1) {
  for (let turn = 0; turn < results.length; turn += 1) {
    const one = results[(turn + index) % results.length];
    if (one) await round(one.way, one.figures);
  }
}

const base = results[0]?.figures;
const ratio = (value: number, against: number) => `${(value / against).toFixed(2)}x`;
process.stdout.write(
  `${ROUNDS} rounds of ${SEQUENTIAL} requests in turn, ${CONCURRENT} by ${AT_ONCE} at once, 16 MiB; medians\n`,
);
for (const { name, figures } of results) {
  const p50 = quantile(figures.latency, 0.5);
  const rate = quantile(figures.rates, 0.5);
  const through = quantile(figures.throughput, 0.5);
  const against = base && {
    p50: quantile(base.latency, 0.5),
    rate: quantile(base.rates, 0.5),
    through: quantile(base.throughput, 0.5),
  };
  process.stdout.write(
    `${name.padEnd(22)} p50 ${p50.toFixed(2)} ms (${ratio(p50, against?.p50 ?? p50)}), p99 ${quantile(figures.latency, 0.99).toFixed(2)} ms, ` +
      `${rate.toFixed(0)} requests/s (${ratio(rate, against?.rate ?? rate)}), ${through.toFixed(0)} MiB/s (${ratio(through, against?.through ?? through)})\n`,
  );
}

for (const end of ends) await end();
for (const house of houses) await house.close();
await origin.terminate();
agent.destroy();
