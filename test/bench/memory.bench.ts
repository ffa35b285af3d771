// `npm run bench -- memory`: what an idle socket costs the gateway and Socket.IO alone, in memory and in CPU. Each
// round starts a process of its own for each, connects, forces collections, and compares with before.
import { setTimeout as settle } from "node:timers/promises";
import { tokenOf } from "../backend/test-tokens.ts";
import { runBenchmark } from "./benchmark.ts";
import { ask, type Contender, cpu, median, ratios, start, stop } from "./contenders.ts";
import { addressOf, type Line, line } from "./line.ts";

const ROUNDS = 3;
/** Milliseconds until a handshake is no longer counted: then a socket is idle. */
const SETTLED = 11_000;
/**
 * Connected before the first look, so that what is made once is there already, the young generation's room for one.
 */
const FIRST = 1500;
const SOCKETS = 3000;
/** Milliseconds of silence in which CPU is counted: two intervals of Engine.IO's heartbeat. */
const SILENCE = 50_000;

async function connect({ port }: Contender, from: number, to: number): Promise<Line[]> {
  const lines: Line[] = [];
  for (let i = from; i < to; i++) lines.push(await line(port, tokenOf(`u${i}`, "user", 3600), addressOf(i)));
  return lines;
}

/**
 * KiB for each idle socket, of the whole process, and of JavaScript's heap with the buffers that it holds; and what the
 * process takes while all of them are silent: microseconds of CPU for each socket and minute.
 */
async function measure(kind: string): Promise<{ resident: number; heap: number; silence: number }> {
  const server = await start("gateway-origin.ts", kind, { flags: ["--expose-gc"] });
  const first = await connect(server, 0, FIRST);
  await settle(SETTLED);
  const { memory: before } = await ask(server);
  const rest = await connect(server, FIRST, FIRST + SOCKETS);
  await settle(SETTLED);
  const { memory: after } = await ask(server);
  const used = cpu(server);
  await settle(SILENCE);
  const silence = ((cpu(server) - used) * 60_000) / SILENCE / (FIRST + SOCKETS);
  for (const { socket } of [...first, ...rest]) socket.terminate();
  await stop(server);
  const held = ({ heapUsed, external }: NodeJS.MemoryUsage) => heapUsed + external;
  const each = (bytes: number) => bytes / SOCKETS / 1024;
  return { resident: each(after.rss - before.rss), heap: each(held(after) - held(before)), silence };
}

await runBenchmark({
  name: "memory",
  summary:
    "What an idle socket costs the gateway and Socket.IO alone, memory and CPU, a process for each contender and round.",
  options: {},
  async run(_options, report) {
    const kinds = ["socket.io", "gateway"] as const;
    const figures = kinds.map((name) => ({
      name,
      resident: [] as number[],
      heap: [] as number[],
      silence: [] as number[],
    }));
    for (let round = 0; round < ROUNDS; round++) {
      for (const one of round % 2 === 0 ? figures : figures.toReversed()) {
        const { resident, heap, silence } = await measure(one.name);
        one.resident.push(resident);
        one.heap.push(heap);
        one.silence.push(silence);
      }
    }
    report.table(
      `${SOCKETS} idle sockets, ${ROUNDS} rounds: KiB for each, and us of CPU for each in a minute, medians`,
      [[""], ["process", 1], ["heap and buffers", 1], ["CPU", 0]],
      figures.map(({ name, resident, heap, silence }) => [name, median(resident), median(heap), median(silence)]),
    );
    const [plain, ours] = figures;
    if (!plain || !ours) return;
    const what = "memory for each idle socket against Socket.IO, heap and buffers";
    report.target(what, ratios(ours.heap, plain.heap), "<=", 1.2);
    report.target("CPU of idle sockets against Socket.IO", ratios(ours.silence, plain.silence), "<=", 1.2);
    // V8 keeps freed pages of its heap for a while, 3 to 30 KiB for each socket, more or less at each run: no target
    report.say(`the same, process: ${(median(ours.resident) / median(plain.resident)).toFixed(2)}`);
  },
});
