// `npm run bench -- chat`: clients in rooms of six, each of which speaks five times a second. Servers have the first
// core, the clients the second. Each run starts its own processes; windows are taken in turns after one that is not
// counted.
import { optionWithDefault, wholeNumber } from "../../../scripts/command-line/index.ts";
import { type Column, type Report, runBenchmark } from "../benchmark.ts";
import { median, quantile, ratios } from "../contenders.ts";
import { tellDisk } from "../disk.ts";
import {
  CHAT_ENVIRONMENT,
  CHAT_OPTIONS,
  type ChatKind,
  findContenders,
  KEEPS,
  placeLoad,
  startChat,
} from "./chat-contenders.ts";
import { type Crowd, gather, isLoadSlow, ROOM_OF, runWindow, type Window } from "./load.ts";

/** The windows of one contender under one load, run by run. */
interface Measured {
  readonly name: ChatKind;
  readonly runs: Window[][];
}

function tell(report: Report, load: string, measured: readonly Measured[]): void {
  const columns: readonly Column[] = [
    ...([["", 0], ["run"], ["messages/s"], ["p50 ms", 1], ["p95", 1], ["p99", 1], ["ack p95", 1]] as const),
    ...([["loop late p99", 1], ["core", 2], ["CPU us/message"], ["refused"], ["lost"], ["doubled"]] as const),
    ...([
      ["load core", 2],
      ["late p99 ms", 1],
    ] as const),
  ];
  const rows = measured.flatMap(({ name, runs }) =>
    runs.flatMap((windows, run) =>
      windows.map((one) => [
        ...[name, run + 1, one.rate, one.p50, one.p95, one.p99, one.acknowledgeP95, one.loopLate, one.core, one.cpu],
        ...[one.refused, one.lost, one.duplicates, one.loadCore, one.loadLate],
      ]),
    ),
  );
  report.table(`${load}: every window`, columns, rows);
  const spread = measured.map(({ name, runs }) => {
    const windows = runs.flat();
    return [
      name,
      range(
        windows.map(({ cpu }) => cpu),
        0,
      ),
      range(
        windows.map(({ p95 }) => p95),
        1,
      ),
      KEEPS[name],
    ];
  });
  report.table(`${load}: median (least to most)`, [[""], ["CPU us/message"], ["p95 ms"], ["keeps"]], spread);
  const slow = measured.flatMap(({ name, runs }) => (runs.flat().some(isLoadSlow) ? [name] : []));
  if (slow.length > 0) report.say(`The load itself was slow with ${slow.join(", ")}: their times are too long.`);
}

const range = (values: readonly number[], digits: number) =>
  [quantile(values, 0.5), Math.min(...values), Math.max(...values)]
    .map((value) => value.toFixed(digits))
    .join(" (")
    .replace(/ \(([^(]*)$/, " to $1)");

function judge(report: Report, full: readonly Measured[], database: readonly Measured[]): void {
  const find = (among: readonly Measured[], kind: ChatKind) => among.find(({ name }) => name === kind);
  /** The worst run's ratio of two contenders. */
  const worst = (ours: Measured, theirs: Measured, compare: (a: readonly Window[], b: readonly Window[]) => number) =>
    Math.max(...ours.runs.map((windows, run) => compare(windows, theirs.runs[run] ?? [])));
  const byCpu = (a: readonly Window[], b: readonly Window[]) =>
    ratios(
      a.map(({ cpu }) => cpu),
      b.map(({ cpu }) => cpu),
    );
  const byP95 = (a: readonly Window[], b: readonly Window[]) =>
    median(a.map(({ p95 }) => p95)) / median(b.map(({ p95 }) => p95));
  const [plain, sqlite, centrifugo] = [find(full, "socket.io"), find(full, "sqlite"), find(full, "centrifugo")];
  if (plain && sqlite) {
    report.target(
      "N8: CPU for a message, SQLite against Socket.IO, worst run",
      worst(sqlite, plain, byCpu),
      "<=",
      1.25,
    );
    report.target("N4: p95, SQLite against Socket.IO, worst run", worst(sqlite, plain, byP95), "<=", 4);
  }
  if (centrifugo && sqlite) {
    const ratio = worst(sqlite, centrifugo, byCpu);
    report.say(`CPU for a message, SQLite against Centrifugo in memory, worst run: ${ratio.toFixed(2)}`);
  }
  const [small, postgres] = [find(database, "sqlite"), find(database, "postgres")];
  if (small && postgres) {
    report.target(
      "N1: CPU for a message, PostgreSQL against SQLite, worst run",
      worst(postgres, small, byCpu),
      "<=",
      2,
    );
  }
  const ours = [sqlite, postgres].flatMap((one) => one?.runs.flat() ?? []);
  const sum = (of: (window: Window) => number) => ours.reduce((total, window) => total + of(window), 0);
  if (ours.length > 0) {
    report.target(
      "lost or refused",
      sum(({ lost, refused }) => lost + refused),
      "<=",
      0,
    );
    report.target(
      "doubled",
      sum(({ duplicates }) => duplicates),
      "<=",
      0,
    );
  }
}

await runBenchmark({
  name: "chat",
  summary: `Clients in rooms of ${ROOM_OF} that speak on a schedule: CPU for a message, time from send to receipt, losses.`,
  details: Object.entries(KEEPS)
    .map(([kind, kept]) => `${kind}: keeps ${kept}.`)
    .join("\n"),
  environment: CHAT_ENVIRONMENT,
  options: {
    ...CHAT_OPTIONS,
    clients: optionWithDefault("--clients <number>", "clients that speak", wholeNumber(ROOM_OF, 4_000), 1_000),
    databaseClients: optionWithDefault(
      "--database-clients <number>",
      "clients that speak where PostgreSQL is compared with SQLite",
      wholeNumber(ROOM_OF, 4_000),
      120,
    ),
    perSecond: optionWithDefault("--per-second <number>", "messages of each client", wholeNumber(1, 5), 5),
    windows: optionWithDefault("--windows <number>", "windows that count, in each run", wholeNumber(1, 20), 3),
    warmUp: optionWithDefault("--warm-up <number>", "seconds before the first window", wholeNumber(1, 60), 8),
    seconds: optionWithDefault("--seconds <number>", "length of a window", wholeNumber(1, 60), 5),
  },
  async run(given, report) {
    placeLoad(given);
    const kinds = findContenders(given.contender, report);
    await tellDisk(report);
    const isStored = (kind: ChatKind) => kind.startsWith("postgres") || kind.startsWith("sqlite");
    const isPostgres = (kind: ChatKind) => kind.startsWith("postgres");
    const hasPostgres = kinds.some(isPostgres);
    const loads = [
      { speakers: given.clients, kinds: kinds.filter((kind) => !isPostgres(kind)) },
      { speakers: given.databaseClients, kinds: hasPostgres ? kinds.filter(isStored) : [] },
    ].filter((load) => load.kinds.length > 0);
    const measured = loads.map((load) => load.kinds.map((name): Measured => ({ name, runs: [] })));
    for (let run = 0; run < given.runs; run += 1) {
      const crowds = new Map<ChatKind, Crowd>();
      for (const kind of kinds) {
        const size = isPostgres(kind)
          ? given.databaseClients
          : Math.max(given.clients, hasPostgres ? given.databaseClients : 0);
        crowds.set(kind, await gather(await startChat(kind, size, given), size));
      }
      for (const [i, { speakers }] of loads.entries()) {
        const turns = measured[i] ?? [];
        for (const { runs } of turns) runs.push([]);
        for (let window = -1; window < given.windows; window += 1) {
          for (const { name, runs } of turns) {
            const crowd = crowds.get(name);
            if (!crowd) continue;
            const milliseconds = 1000 * (window < 0 ? given.warmUp : given.seconds);
            const figures = await runWindow(crowd, { speakers, perSecond: given.perSecond, milliseconds });
            if (window >= 0) runs.at(-1)?.push(figures);
          }
        }
      }
      for (const { contender } of crowds.values()) await contender.stop();
    }
    for (const [i, { speakers }] of loads.entries()) {
      const load = `${speakers} clients in rooms of ${ROOM_OF}, ${given.perSecond} messages/s each`;
      tell(report, load, measured[i] ?? []);
    }
    judge(report, measured[0] ?? [], measured[1] ?? []);
  },
});
