// `npm run bench -- capacity`: the most clients in rooms of six that may speak five times a second while 95 of 100
// messages arrive within 20 ms. The number is doubled until it is too many, then halved in between. The contenders of a
// run take turns, window by window, so that other work on the machine meets all of them; a number is too many where
// three windows fail.
import { optionWithDefault, wholeNumber } from "../../../scripts/command-line/index.ts";
import { runBenchmark } from "../benchmark.ts";
import { median } from "../contenders.ts";
import { tellDisk } from "../disk.ts";
import {
  CHAT_ENVIRONMENT,
  CHAT_OPTIONS,
  type ChatContender,
  type ChatKind,
  findContenders,
  KEEPS,
  placeLoad,
  startChat,
} from "./chat-contenders.ts";
import { type Crowd, gather, isLoadSlow, ROOM_OF, runWindow } from "./load.ts";

const PER_SECOND = 5;
const P95_MS = 20;
/** Messages that wait for so long are beyond any such time. */
const BEHIND_MS = 400;
const FIRST = 60;
const ATTEMPTS = 3;
/** The search ends where the numbers that carry and do not are this near. */
const NEAR = 1.04;

interface Found {
  readonly clients: number;
  /** Whether the load was what failed: the server may carry more. */
  readonly isLoadSlow: boolean;
}

/** Runs one window after the other, in the order in which they were asked for. */
type Turns = <T>(window: () => Promise<T>) => Promise<T>;

function takeTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (window) => {
    const next = last.then(window);
    last = next.catch(() => undefined);
    return next;
  };
}

async function search(crowd: Crowd, milliseconds: number, inTurn: Turns): Promise<Found> {
  const most = crowd.clients.length;
  let slow = false;
  const carries = async (speakers: number): Promise<boolean> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const window = { speakers, perSecond: PER_SECOND, milliseconds, behindMs: BEHIND_MS };
      const one = await inTurn(() => runWindow(crowd, window));
      if (one.p95 <= P95_MS && one.lost + one.refused === 0 && one.isWhole) return true;
      slow = isLoadSlow(one);
    }
    return false;
  };
  let low = 0;
  let high = Math.min(FIRST, most);
  while (await carries(high)) {
    low = high;
    if (low === most) return { clients: most, isLoadSlow: true };
    high = Math.min(most, high * 2);
  }
  while (low > 0 && high / low > NEAR) {
    const middle = Math.round(Math.sqrt(low * high));
    if (await carries(middle)) low = middle;
    else high = middle;
  }
  return { clients: low, isLoadSlow: slow };
}

await runBenchmark({
  name: "capacity",
  summary: `The most clients that speak ${PER_SECOND} times a second with a p95 below ${P95_MS} ms, from send to receipt.`,
  environment: CHAT_ENVIRONMENT,
  options: {
    ...CHAT_OPTIONS,
    most: optionWithDefault("--most <number>", "clients that are connected", wholeNumber(FIRST, 4_000), 2_100),
    seconds: optionWithDefault("--seconds <number>", "length of a window", wholeNumber(1, 60), 3),
  },
  async run({ contender, runs, most, seconds, ...placement }, report) {
    placeLoad(placement);
    const kinds = findContenders(contender, report);
    await tellDisk(report);
    const found = new Map<ChatKind, Found[]>(kinds.map((kind) => [kind, []]));
    for (let run = 0; run < runs; run += 1) {
      const servers: ChatContender[] = [];
      const crowds: (readonly [ChatKind, Crowd])[] = [];
      for (const kind of kinds) {
        const server = await startChat(kind, most, placement);
        servers.push(server);
        crowds.push([kind, await gather(server, most)]);
      }
      const inTurn = takeTurns();
      const searched = async ([kind, crowd]: readonly [ChatKind, Crowd]) =>
        found.get(kind)?.push(await search(crowd, seconds * 1000, inTurn));
      await Promise.all(crowds.map(searched));
      for (const server of servers) await server.stop();
    }
    report.table(
      `Most clients in rooms of ${ROOM_OF} that speak ${PER_SECOND} times a second with p95 <= ${P95_MS} ms`,
      [[""], ["median"], ["every run"], ["keeps"]],
      kinds.map((kind) => {
        const each = (found.get(kind) ?? []).map(({ clients, isLoadSlow: isLeast }) =>
          isLeast ? `>= ${clients}` : clients,
        );
        return [kind, median((found.get(kind) ?? []).map(({ clients }) => clients)), each.join(", "), KEEPS[kind]];
      }),
    );
    const worst = (finding: string, ours: ChatKind, theirs: ChatKind, wanted: number) => {
      const base = found.get(theirs);
      const figures = found.get(ours)?.map(({ clients }, run) => clients / (base?.[run]?.clients ?? Number.NaN));
      const what = `${finding}: ${ours} against ${theirs}, worst run`;
      if (base && figures) report.target(what, Math.min(...figures), ">=", wanted);
    };
    worst("N8", "sqlite", "centrifugo", 0.9);
    worst("N1", "postgres", "sqlite", 0.5);
  },
});
