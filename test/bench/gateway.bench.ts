// `npm run bench -- gateway`: the gateway against bare node:http and moleculer-web, and against plain Socket.IO. Every
// server is a process of its own on one core, the load comes from another; slices are interleaved, so that the ratios
// of one run hold on a machine that others use. CPU per request is what the server itself spent (Linux).
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { tokenOf } from "../backend/test-tokens.ts";
import { type Report, runBenchmark } from "./benchmark.ts";
import { type Contender, cpu, median, ratios, start, stayOnSecondCore, stop } from "./contenders.ts";
import { acknowledged, addressOf, type Line, line } from "./line.ts";
import { socketCalls } from "./socket-calls.ts";

/**
 * Processes of each server, one after the other: what the compiler makes of one differs by up to a fifth from the next.
 */
const GENERATIONS = 3;
/** Slices that count, of each process. */
const ROUNDS = 4;
const SOCKET_ROUNDS = 9;
const SLICE = 700;
const CONNECTIONS = 50;
const SOCKETS = 500;
const TOKEN = tokenOf("alice", "user", 3600);
const REQUEST = `GET /api/users/me HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`;

/**
 * How much of the base's load a server carries: by its rate, or by the CPU that it needs, whichever is less. A fast
 * server waits for this client, which makes slow ones look better by their rate than they are.
 */
function served(
  rate: readonly number[],
  cost: readonly number[],
  baseRate: readonly number[],
  baseCost: readonly number[],
): number {
  const byCost = ratios(baseCost, cost);
  return Number.isNaN(byCost) ? ratios(rate, baseRate) : Math.min(ratios(rate, baseRate), byCost);
}

/** Requests answered in a slice, each connection sending the next when the last is answered. */
async function httpSlice({ port }: Contender, connections: Socket[]): Promise<number> {
  while (connections.length < CONNECTIONS) {
    const connection = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(connection, "connect");
    connections.push(connection);
  }
  let answered = 0;
  const end = performance.now() + SLICE;
  await Promise.all(
    connections.map(
      (connection) =>
        new Promise<void>((resolve) => {
          const onData = (chunk: Buffer) => {
            if (chunk.indexOf("HTTP/1.1 200") !== 0) throw new Error(chunk.toString().slice(0, 200));
            answered++;
            if (performance.now() < end) connection.write(REQUEST);
            else {
              connection.off("data", onData);
              resolve();
            }
          };
          connection.on("data", onData);
          connection.write(REQUEST);
        }),
    ),
  );
  return answered;
}

interface Measured {
  readonly name: string;
  readonly rate: number[];
  readonly cost: number[];
}

/** Adds what one process of each server does in a few slices, taken in turns. */
async function measureGeneration(figures: readonly Measured[]): Promise<void> {
  const servers = [];
  for (const figure of figures) {
    const server = await start("gateway-origin.ts", figure.name);
    servers.push({ server, figure, connections: [] as Socket[] });
  }
  for (let round = -2; round < ROUNDS; round++) {
    for (const { server, figure, connections } of servers) {
      const before = cpu(server);
      const started = performance.now();
      const answered = await httpSlice(server, connections);
      if (round < 0) continue;
      figure.rate.push((answered / (performance.now() - started)) * 1000);
      figure.cost.push((cpu(server) - before) / answered);
    }
  }
  for (const { server, connections } of servers) {
    for (const connection of connections) connection.destroy();
    await stop(server);
  }
}

async function compareHttp(report: Report): Promise<void> {
  const contenders = ["bare", "moleculer-web", "gateway", "observed"].map(
    (name): Measured => ({ name, rate: [], cost: [] }),
  );
  for (let i = 0; i < GENERATIONS; i++) await measureGeneration(contenders);
  const [base] = contenders;
  report.table(
    "authenticated JSON GET",
    [[""], ["requests/s"], ["ratio", 2], ["CPU us/request", 1], ["ratio of CPU", 2]],
    contenders.map(({ name, rate, cost }) => {
      return [name, median(rate), ratios(rate, base?.rate ?? []), median(cost), ratios(cost, base?.cost ?? [])];
    }),
  );
  for (const [name, wanted] of [
    ["gateway", 0.8],
    ["observed", 0.65],
  ] as const) {
    const ours = contenders.find((one) => one.name === name);
    if (base && ours)
      report.target(`${name} against bare`, served(ours.rate, ours.cost, base.rate, base.cost), ">=", wanted);
  }
}

async function compareSockets(report: Report): Promise<void> {
  const contenders = [];
  for (const name of ["socket.io", "gateway", "observed"]) {
    const server = await start("gateway-origin.ts", name);
    const lines: Line[] = [];
    for (let i = 0; i < SOCKETS; i++) lines.push(await line(server.port, tokenOf(`u${i}`, "user", 3600), addressOf(i)));
    await Promise.all(lines.map((one) => acknowledged(one, '["call","chat.join",{"room":"all"}]')));
    contenders.push({
      ...server,
      lines,
      calls: [] as number[],
      callCost: [] as number[],
      fan: [] as number[],
      fanCost: [] as number[],
    });
  }
  for (let round = -1; round < SOCKET_ROUNDS; round++) {
    for (const one of contenders) {
      const calls = await measured(one, () => callSlice(one.lines));
      const fan = await measured(one, () => fanOutSlice(one.lines));
      if (round < 0) continue;
      one.calls.push(calls.rate);
      one.callCost.push(calls.cost);
      one.fan.push(fan.rate);
      one.fanCost.push(fan.cost);
    }
  }
  const [base] = contenders;
  report.table(
    `${SOCKETS} sockets`,
    [
      ...([[""], ["calls/s"], ["ratio", 2], ["CPU us/call", 1], ["ratio of CPU", 2]] as const),
      ...([["deliveries/s"], ["their ratio", 2], ["CPU us/delivery", 2], ["their ratio of CPU", 2]] as const),
    ],
    contenders.map(({ name, calls, callCost, fan, fanCost }) => [
      ...[
        name,
        median(calls),
        ratios(calls, base?.calls ?? []),
        median(callCost),
        ratios(callCost, base?.callCost ?? []),
      ],
      ...[median(fan), ratios(fan, base?.fan ?? []), median(fanCost), ratios(fanCost, base?.fanCost ?? [])],
    ]),
  );
  const [plain, ours] = contenders;
  if (plain && ours) {
    report.target("fan-out against Socket.IO", served(ours.fan, ours.fanCost, plain.fan, plain.fanCost), ">=", 1.1);
    report.target(
      "socket call against Socket.IO",
      served(ours.calls, ours.callCost, plain.calls, plain.callCost),
      ">=",
      1,
    );
  }
  for (const { lines } of contenders) for (const { socket } of lines) socket.terminate();
  for (const one of contenders) await stop(one);
}

async function measured(one: Contender, slice: () => Promise<number>): Promise<{ rate: number; cost: number }> {
  const before = cpu(one);
  const started = performance.now();
  const count = await slice();
  return { rate: (count / (performance.now() - started)) * 1000, cost: (cpu(one) - before) / count };
}

/** Calls with an acknowledgement, 50 under way at a time. */
async function callSlice(lines: readonly Line[]): Promise<number> {
  const end = performance.now() + SLICE;
  let count = 0;
  const run = async (one: Line) => {
    while (performance.now() < end) {
      await acknowledged(one, '["call","chat.history",{"room":"all"}]');
      count++;
    }
  };
  await Promise.all(lines.slice(0, 50).map(run));
  return count;
}

/** Messages to a room of everybody, each sent when the last has arrived everywhere. */
async function fanOutSlice(lines: readonly Line[]): Promise<number> {
  const end = performance.now() + SLICE;
  let delivered = 0;
  let sent = 0;
  while (performance.now() < end) {
    let left = lines.length;
    await new Promise<void>((resolve) => {
      for (const one of lines) {
        one.onText = (text) => {
          if (!text.startsWith('42["message"')) return;
          delivered++;
          if (--left === 0) resolve();
        };
      }
      lines[sent++ % lines.length]?.socket.send(
        '429["call","chat.send",{"room":"all","text":"hello world","clientId":"1"}]',
      );
    });
  }
  return delivered;
}

await runBenchmark({
  name: "gateway",
  summary: "HTTP against bare node:http and moleculer-web; socket calls and fan-out against Socket.IO alone.",
  options: {},
  async run(_options, report) {
    stayOnSecondCore();
    await compareHttp(report);
    if (socketCalls.length > 0) await compareSockets(report);
  },
});
