// `npm run bench -- gateway`: the gateway against bare node:http and moleculer-web, and against plain Socket.IO. Every server is a
// process of its own on one core, the load comes from another; slices are interleaved, so that the ratios of one run hold on a
// machine that others use. CPU per request is what the server itself spent (Linux).
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { tokenOf } from "../backend/support.ts";

const ROUNDS = 9;
const SLICE = 700;
const CONNECTIONS = 50;
const SOCKETS = 500;
const TOKEN = tokenOf("alice", "user", 3600);
const REQUEST = `GET /api/users/me HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`;

interface Contender {
  readonly name: string;
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(name: string): Promise<Contender> {
  const script = fileURLToPath(new URL("gateway-origin.ts", import.meta.url));
  const [command, args] =
    process.platform === "linux" ? ["taskset", ["-c", "0", process.execPath]] : [process.execPath, []];
  const child = spawn(command as string, [...(args as string[]), script, name], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_ENV: "production" },
  });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return { name, child, port: Number(line.toString()) };
}

/** Microseconds of CPU that a process has used; NaN where the system does not tell. */
function cpu({ child }: Contender): number {
  try {
    const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return Number.NaN;
  }
}

function resident({ child }: Contender): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? Number.NaN);
}

const say = (text: string) => void process.stdout.write(`${text}\n`);
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const ratios = (values: readonly number[], base: readonly number[]) =>
  median(values.map((value, i) => value / (base[i] ?? Number.NaN)));

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

async function compareHttp(): Promise<void> {
  const contenders = [];
  for (const name of ["bare", "moleculer-web", "gateway", "observed"])
    contenders.push({ ...(await start(name)), rate: [] as number[], cost: [] as number[] });
  const connections = new Map(contenders.map(({ name }) => [name, [] as Socket[]]));
  for (let round = -2; round < ROUNDS; round++) {
    for (const one of contenders) {
      const before = cpu(one);
      const started = performance.now();
      const answered = await httpSlice(one, connections.get(one.name) ?? []);
      if (round < 0) continue;
      one.rate.push((answered / (performance.now() - started)) * 1000);
      one.cost.push((cpu(one) - before) / answered);
    }
  }
  const [base] = contenders;
  say("authenticated JSON GET                requests/s   ratio   CPU us/request   ratio of CPU");
  for (const { name, rate, cost, child } of contenders) {
    const figures = [
      median(rate).toFixed(0).padStart(10),
      ratios(rate, base?.rate ?? [])
        .toFixed(2)
        .padStart(7),
      median(cost).toFixed(1).padStart(16),
      ratios(cost, base?.cost ?? [])
        .toFixed(2)
        .padStart(14),
    ];
    say(`${name.padEnd(36)}${figures.join(" ")}`);
    child.kill();
  }
  for (const open of connections.values()) for (const connection of open) connection.destroy();
}

interface Line {
  readonly socket: WebSocket;
  onText: (text: string) => void;
}

/** A client that speaks just enough Socket.IO, so that it costs less than the server. */
async function line(port: number, name: string, address: string): Promise<Line> {
  const headers = { "cf-connecting-ip": address };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
    headers,
    perMessageDeflate: false,
  });
  const one: Line = { socket, onText: () => undefined };
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (data: Buffer) => {
      const text = data.toString();
      if (text[0] === "0") socket.send(`40${JSON.stringify({ token: tokenOf(name, "user", 3600) })}`);
      else if (text === "2") socket.send("3");
      else if (text.startsWith("40")) resolve();
      else if (text.startsWith("44")) reject(new Error(text));
      else one.onText(text);
    });
  });
  return one;
}

async function compareSockets(): Promise<void> {
  const contenders = [];
  for (const name of ["socket.io", "gateway", "observed"]) {
    const server = await start(name);
    await line(server.port, "warm", "192.0.2.250");
    const before = resident(server);
    const lines: Line[] = [];
    for (let i = 0; i < SOCKETS; i++)
      lines.push(await line(server.port, `u${i}`, `198.51.${100 + (i >> 6)}.${i & 63}`));
    const memory = (resident(server) - before) / SOCKETS;
    await Promise.all(lines.map((one) => acknowledged(one, '["call","chat.join",{"room":"all"}]')));
    contenders.push({
      ...server,
      lines,
      memory,
      calls: [] as number[],
      callCost: [] as number[],
      fan: [] as number[],
      fanCost: [] as number[],
    });
  }
  for (let round = -1; round < ROUNDS; round++) {
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
  say(
    `\n${SOCKETS} sockets            calls/s  ratio  CPU us/call  ratio | deliveries/s  ratio  CPU us/delivery  ratio | KiB/idle socket`,
  );
  for (const { name, calls, callCost, fan, fanCost, memory, child } of contenders) {
    const figures = [
      median(calls).toFixed(0).padStart(10),
      ratios(calls, base?.calls ?? [])
        .toFixed(2)
        .padStart(6),
      median(callCost).toFixed(1).padStart(12),
      ratios(callCost, base?.callCost ?? [])
        .toFixed(2)
        .padStart(6),
      "|",
      median(fan).toFixed(0).padStart(12),
      ratios(fan, base?.fan ?? [])
        .toFixed(2)
        .padStart(6),
      median(fanCost).toFixed(2).padStart(16),
      ratios(fanCost, base?.fanCost ?? [])
        .toFixed(2)
        .padStart(6),
      "|",
      memory.toFixed(1).padStart(10),
    ];
    say(`${name.padEnd(22)}${figures.join(" ")}`);
    child.kill();
  }
}

async function measured(one: Contender, slice: () => Promise<number>): Promise<{ rate: number; cost: number }> {
  const before = cpu(one);
  const started = performance.now();
  const count = await slice();
  return { rate: (count / (performance.now() - started)) * 1000, cost: (cpu(one) - before) / count };
}

function acknowledged(one: Line, packet: string): Promise<void> {
  return new Promise((resolve, reject) => {
    one.onText = (text) => {
      if (!text.startsWith("43")) return;
      if (text.startsWith("431[null")) resolve();
      else reject(new Error(text));
    };
    one.socket.send(`421${packet}`);
  });
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

await compareHttp();
await compareSockets();
process.exit(0);
