// `npm run bench -- return`: a server with 2,000 clients is killed and started again, with what its disk holds. All
// clients try to come back at the same pace, each to its rooms and with its position in the first one.
import { setTimeout as pause } from "node:timers/promises";
import { optionWithDefault, wholeNumber } from "../../../scripts/command-line/index.ts";
import { runBenchmark } from "../benchmark.ts";
import { median } from "../contenders.ts";
import {
  CHAT_ENVIRONMENT,
  CHAT_OPTIONS,
  type ChatKind,
  findContenders,
  KEEPS,
  placeLoad,
  startChat,
} from "./chat-contenders.ts";
import { arrive, type Crowd, gather, ROOM_OF, roomsOf, runWindow } from "./load.ts";

/** Milliseconds after which a client tries again; the first time it waits for a random part of this. */
const RETRY_MS = 250;
/** What is said before the server is killed, so that rooms have a history. */
const TALK = { perSecond: 0.2, milliseconds: 5_000 };
const MOST = 2;

interface Return {
  /** Seconds from the kill until the server listens, and from then on until the last client is in its rooms. */
  readonly start: number;
  readonly back: number;
  /** CPU of the server for each client in the time `back`, in milliseconds. */
  readonly cpu: number;
  /** Attempts that failed while the server listened. */
  readonly failed: number;
}

async function killAndReturn(crowd: Crowd, rooms: number): Promise<Return> {
  const { contender, clients, epochs, last } = crowd;
  let listensAt: number | undefined;
  let failed = 0;
  const comeBack = async (n: number): Promise<void> => {
    const from = [{ epoch: epochs[n] ?? "", seq: last[n] ?? 0 }];
    await pause(Math.random() * RETRY_MS);
    for (;;) {
      try {
        await arrive(contender, n, roomsOf(n, rooms), from);
        return;
      } catch {
        if (listensAt !== undefined) failed += 1;
        await pause(RETRY_MS);
      }
    }
  };
  const back = clients.map(
    ({ socket }, n) =>
      new Promise<void>((resolve, reject) => {
        socket.onClose = () => void comeBack(n).then(resolve, reject);
      }),
  );
  const killedAt = performance.now();
  await contender.restart();
  listensAt = performance.now();
  const before = contender.cpu();
  await Promise.all(back);
  const backAt = performance.now();
  return {
    start: (listensAt - killedAt) / 1000,
    back: (backAt - listensAt) / 1000,
    cpu: (contender.cpu() - before) / 1000 / clients.length,
    failed,
  };
}

await runBenchmark({
  name: "return",
  summary:
    "Clients that come back all at once after their server was killed and started again: time, and CPU for each.",
  environment: CHAT_ENVIRONMENT,
  options: {
    ...CHAT_OPTIONS,
    clients: optionWithDefault("--clients <number>", "clients", wholeNumber(ROOM_OF, 4_000), 2_000),
    rooms: optionWithDefault("--rooms <number>", "rooms of each client", wholeNumber(1, 10), 1),
  },
  async run({ contender, runs, clients, rooms, ...placement }, report) {
    placeLoad(placement);
    const kinds = findContenders(contender, report);
    const returns = new Map<ChatKind, Return[]>(kinds.map((kind) => [kind, []]));
    for (let run = 0; run < runs; run += 1) {
      for (const kind of kinds) {
        const server = await startChat(kind, clients, placement);
        const crowd = await gather(server, clients, rooms);
        await runWindow(crowd, { speakers: clients, ...TALK });
        returns.get(kind)?.push(await killAndReturn(crowd, rooms));
        await server.stop();
      }
    }
    report.table(
      `${clients} clients come back to ${rooms} of their rooms after a kill, each trying every ${RETRY_MS} ms: every run`,
      [[""], ["start s", 2], ["back s", 2], ["CPU ms each", 3], ["failed attempts"], ["keeps"]],
      kinds.flatMap((kind) =>
        (returns.get(kind) ?? []).map((one) => [kind, one.start, one.back, one.cpu, one.failed, KEEPS[kind]]),
      ),
    );
    const of = (kind: ChatKind, figure: (one: Return) => number) => median((returns.get(kind) ?? []).map(figure));
    for (const kind of ["sqlite", "postgres"] as const) {
      if (!kinds.includes(kind) || !kinds.includes("centrifugo")) continue;
      const ratio = (figure: (one: Return) => number) => of(kind, figure) / of("centrifugo", figure);
      report.target(
        `N7: ${kind} against Centrifugo, time until the last is back`,
        ratio(({ back }) => back),
        "<=",
        MOST,
      );
      report.target(
        `N7: ${kind} against Centrifugo, CPU for each`,
        ratio(({ cpu }) => cpu),
        "<=",
        MOST,
      );
    }
  },
});
