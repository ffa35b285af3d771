// `npm run bench -- connect`: what it costs a server that a client connects and joins. Rounds are taken in turns, after
// some that are not counted; in each, all clients come one after the other, some at a time, and leave again. What is
// counted of a run is the sum of its rounds: the collector of one contender runs in some rounds and not in others.
import { setTimeout as pause } from "node:timers/promises";
import { optionWithDefault, wholeNumber } from "../../../scripts/command-line/index.ts";
import { runBenchmark } from "../benchmark.ts";
import { median } from "../contenders.ts";
import {
  CHAT_ENVIRONMENT,
  CHAT_OPTIONS,
  type ChatContender,
  type ChatKind,
  findContenders,
  placeLoad,
  startChat,
} from "./chat-contenders.ts";
import { arrive, ROOM_OF } from "./load.ts";

const AT_ONCE = 32;
const WARM_UP_ROUNDS = 3;
const MOST_CPU = 3;

/**
 * What clients do in each round: join a room of this round for the first time, the same again, or three that they know.
 */
const VISITS = ["first time, 1 room", "again, 1 room", "again, 3 rooms"] as const;
type Visit = (typeof VISITS)[number];

const roomsOf = (visit: Visit, round: number, client: number): readonly string[] => {
  const rounds = visit === "again, 3 rooms" ? [round, round - 1, round - 2] : [round];
  return rounds.map((of) => `round${of}room${Math.floor(client / ROOM_OF)}`);
};

interface Cost {
  /** CPU of the server for each client, in milliseconds. */
  readonly cpu: number;
  /** Milliseconds for each client. */
  readonly time: number;
}

async function visit(contender: ChatContender, rooms: (client: number) => readonly string[]): Promise<Cost> {
  const { tokens } = contender;
  const before = contender.cpu();
  const started = performance.now();
  let next = 0;
  const arrived = await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      const own = [];
      for (let i = next++; i < tokens.length; i = next++) own.push((await arrive(contender, i, rooms(i))).client);
      return own;
    }),
  );
  const cost = {
    cpu: (contender.cpu() - before) / 1000 / tokens.length,
    time: (performance.now() - started) / tokens.length,
  };
  for (const { socket } of arrived.flat()) socket.terminate();
  await pause(500); // until the server has noticed
  return cost;
}

await runBenchmark({
  name: "connect",
  summary: "CPU for a client that connects and joins one room or three, for the first time and again.",
  details: "The first time, clients become members of a room that the first of them opens.",
  environment: CHAT_ENVIRONMENT,
  options: {
    ...CHAT_OPTIONS,
    clients: optionWithDefault("--clients <number>", "clients of a round", wholeNumber(ROOM_OF, 4_000), 1_200),
    rounds: optionWithDefault("--rounds <number>", "rounds that count, in each run", wholeNumber(1, 20), 5),
  },
  async run({ contender, runs, clients, rounds, ...placement }, report) {
    placeLoad(placement);
    const kinds = findContenders(contender, report);
    const costs = new Map(kinds.map((kind) => [kind, VISITS.map((): Cost[][] => [])]));
    for (let run = 0; run < runs; run += 1) {
      const servers: ChatContender[] = [];
      for (const kind of kinds) servers.push(await startChat(kind, clients, placement));
      for (const of of costs.values()) for (const visits of of) visits.push([]);
      for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
        for (const server of servers) {
          for (const [i, name] of VISITS.entries()) {
            if (round < 2 && name === "again, 3 rooms") continue;
            const cost = await visit(server, (client) => roomsOf(name, round, client));
            if (round >= WARM_UP_ROUNDS) costs.get(server.name)?.[i]?.at(-1)?.push(cost);
          }
        }
      }
      for (const server of servers) await server.stop();
    }
    const of = (kind: ChatKind, visitIndex: number) => costs.get(kind)?.[visitIndex] ?? [];
    /** The mean of each run's rounds. */
    const runCpu = (kind: ChatKind, visitIndex: number) =>
      of(kind, visitIndex).map((each) => each.reduce((sum, { cpu }) => sum + cpu, 0) / each.length);
    /** The worst run of one contender against another. */
    const worst = (kind: ChatKind, base: ChatKind, visitIndex: number) => {
      const bases = runCpu(base, visitIndex);
      return Math.max(...runCpu(kind, visitIndex).map((cpu, run) => cpu / (bases[run] ?? Number.NaN)));
    };
    for (const [i, name] of VISITS.entries()) {
      report.table(
        `${name}: milliseconds for each client; CPU of each run, and the worst run against the peers`,
        [[""], ["CPU", 3], ["least", 3], ["most", 3], ["time", 3], ["centrifugo x", 2], ["socket.io x", 2]],
        kinds.map((kind) => {
          const cpu = runCpu(kind, i);
          const time = median(of(kind, i).flatMap((each) => each.map((one) => one.time)));
          const peers = (["centrifugo", "socket.io"] as const).map((peer) =>
            kinds.includes(peer) ? worst(kind, peer, i) : Number.NaN,
          );
          return [kind, median(cpu), Math.min(...cpu), Math.max(...cpu), time, ...peers];
        }),
      );
    }
    for (const kind of ["sqlite", "postgres"] as const) {
      for (const [i, name] of VISITS.entries()) {
        if (!kinds.includes(kind) || !kinds.includes("centrifugo")) continue;
        const what = `N7: ${kind} against Centrifugo, CPU, ${name}, worst run`;
        report.target(what, worst(kind, "centrifugo", i), "<=", MOST_CPU);
      }
    }
  },
});
