/** The servers that chat benchmarks compare: how each is started, what it keeps, and how clients speak to it. */
import type { ChildProcess } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import jwt from "jsonwebtoken";
import {
  CommandError,
  flag,
  oneOf,
  optionList,
  optionWithDefault,
  UsageError,
  wholeNumber,
} from "../../../scripts/command-line/index.ts";
import { treeOf } from "../../../scripts/command-line/processes.ts";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import { backendFlags } from "../../../scripts/programs/backend-flags.mjs";
import { isProgram } from "../../../scripts/programs/on-path.ts";
import { postgresFolder } from "../../../scripts/programs/postgres.ts";
import { startCluster } from "../../real/postgres/cluster.ts";
import type { Given } from "../backend-origin.ts";
import { atEnd, type Report } from "../benchmark.ts";
import {
  ask,
  cpu,
  cpuOf,
  launch,
  pinToFirstCore,
  shareAllCores,
  start,
  stayOnSecondCore,
  stop,
  temporaryFolder,
} from "../contenders.ts";
import { CENTRIFUGO, type Protocol, SOCKET_IO } from "../protocols.ts";

const CHAT_KINDS = ["socket.io", "sqlite", "postgres", "centrifugo", "ws", "sqlite before", "postgres before"] as const;
export type ChatKind = (typeof CHAT_KINDS)[number];

/** A chat server with its users. */
export interface ChatContender {
  readonly name: ChatKind;
  readonly protocol: Protocol;
  readonly port: number;
  /** Of each user, what lets a client in. */
  readonly tokens: readonly string[];
  /** How late the event loop was since the last question: the 99th percentile in milliseconds; Node.js only. */
  loopDelay?(): Promise<number>;
  /** Microseconds of CPU that server and database have used so far; less after a restart. */
  cpu(): number;
  /** Ends the server at once, as a crash does, and starts it again at the same port with what its disk holds. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** What each contender has of its messages, in the words of the tables. */
export const KEEPS: Readonly<Record<ChatKind, string>> = {
  "socket.io": "nothing",
  sqlite: "every message, in a SQLite file, before it is acknowledged",
  postgres: "every message, in PostgreSQL on the same core, before it is acknowledged",
  ws: "nothing; it checks our token and reads one row of SQLite, the least that Node.js takes",
  centrifugo: "the newest 10,000 messages of a room for a day, in memory: a restart loses them",
  "sqlite before": "what sqlite keeps; the code of BENCH_BEFORE",
  "postgres before": "what postgres keeps; the code of BENCH_BEFORE",
};

/** Environment variables that chat benchmarks read. */
export const CHAT_ENVIRONMENT = {
  CENTRIFUGO_BIN: "Centrifugo 6, as a contender (left out without it)",
  POSTGRES_BIN: "a folder with PostgreSQL's programs (Debian's)",
  BENCH_BEFORE: "folder of another checkout, whose backend is a contender as well",
  TMPDIR: "where the databases are; on a RAM disk no time is the disk's",
};

/** Options that chat benchmarks share. */
export const CHAT_OPTIONS = {
  contender: optionList(
    "--contender <name>",
    `one of ${CHAT_KINDS.join(", ")} (all that are found, without ws)`,
    oneOf(CHAT_KINDS),
  ),
  nodeFlag: optionList("--node-flag <flag>", "an option for Node.js of all contenders (those of `npm run backend`)", {
    expected: "an option of Node.js, which begins with --",
    parse: (value) => (value.startsWith("--") ? value : undefined),
  }),
  allCores: flag("--all-cores", "servers and load may use every core (servers the first, the load the second)"),
  runs: optionWithDefault("--runs <number>", "runs, each with processes of its own", wholeNumber(1, 20), 1),
};

/**
 * The contenders that are wanted (all but `ws`, where none is named) and found. Says what is not found; throws where it
 * is named.
 */
export function findContenders(named: readonly ChatKind[], report: Report): readonly ChatKind[] {
  return (named.length > 0 ? named : CHAT_KINDS.filter((kind) => kind !== "ws")).filter((kind) => {
    const reason = missing(kind);
    if (reason !== undefined && named.length > 0) throw new UsageError(`--contender ${kind}: ${reason}.`);
    if (reason !== undefined) report.say(`without ${kind}: ${reason}`);
    return reason === undefined;
  });
}

/** Why a contender cannot run on this machine; undefined where it can. */
function missing(kind: ChatKind): string | undefined {
  const { CENTRIFUGO_BIN, BENCH_BEFORE } = process.env;
  if (kind === "centrifugo" && !CENTRIFUGO_BIN) return "CENTRIFUGO_BIN is not set";
  if (kind === "centrifugo" && !isProgram(CENTRIFUGO_BIN ?? ""))
    return `CENTRIFUGO_BIN names no program: ${CENTRIFUGO_BIN}`;
  if (kind.startsWith("postgres") && !postgresFolder()) return "no PostgreSQL found and POSTGRES_BIN is not set";
  if (!kind.endsWith("before")) return undefined;
  if (!BENCH_BEFORE) return "BENCH_BEFORE is not set";
  const isCheckout = existsSync(join(BENCH_BEFORE, "backend", "main.ts"));
  return isCheckout ? undefined : `BENCH_BEFORE names no checkout of this project: ${BENCH_BEFORE}`;
}

/** What `CHAT_OPTIONS` says of how contenders run. */
interface Placement {
  readonly allCores: boolean;
  /** Empty: the flags that the backend starts with on so many cores. */
  readonly nodeFlag: readonly string[];
}

/** Gives the load its core, and the servers theirs where they start. Called before any server starts. */
export const placeLoad = ({ allCores }: Placement): void => (allCores ? shareAllCores() : stayOnSecondCore());

/** Starts a contender with so many users. */
export async function startChat(kind: ChatKind, users: number, placement: Placement): Promise<ChatContender> {
  const { allCores, nodeFlag } = placement;
  const flags = nodeFlag.length > 0 ? nodeFlag : allCores ? backendFlags() : backendFlags(1);
  if (kind === "centrifugo") return startCentrifugo(users);
  if (kind === "socket.io") return startNode(kind, users, flags);
  const checkout = kind.endsWith("before") ? process.env.BENCH_BEFORE : undefined;
  const database = kind.startsWith("postgres") ? await startDatabase() : undefined;
  const env = { DATA_DIR: temporaryFolder(), ...(database && { DATABASE_URL: database.url }) };
  return startNode(kind, users, flags, { env, ...(checkout && { checkout }) }, database);
}

async function startNode(
  kind: ChatKind,
  users: number,
  flags: readonly string[],
  backend?: Pick<Given, "env" | "checkout">,
  database?: Database,
): Promise<ChatContender> {
  const run = (port: number, toCreate: number) => {
    const given: Given = { port, users: toCreate, env: {}, ...backend };
    const script = kind === "ws" ? "chat/bare-origin.ts" : "backend-origin.ts";
    return start(script, backend ? "backend" : kind, { flags, given });
  };
  let server = await run(0, users);
  const { port, tokens } = server;
  return {
    name: kind,
    protocol: SOCKET_IO,
    port,
    tokens: backend ? tokens : Array.from({ length: users }, () => "token"),
    loopDelay: async () => (await ask(server)).delay.p99,
    cpu: () => cpu(server) + (database ? cpuOf(database.pid) : 0),
    async restart() {
      server.child.kill("SIGKILL");
      await stop(server);
      server = await run(port, 0);
    },
    async stop() {
      await stop(server);
      await database?.stop();
    },
  };
}

interface Database {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A PostgreSQL on the first core that forces what it commits to the disk, as it does unless told otherwise. */
async function startDatabase(): Promise<Database> {
  const cluster = await startCluster({ fsync: "on" });
  let stopped: Promise<void> | undefined;
  const stopOnce = () => {
    stopped ??= cluster.stop();
    return stopped;
  };
  atEnd(stopOnce);
  pinToFirstCore(treeOf(cluster.pid));
  const { url } = await cluster.database();
  return { url, pid: cluster.pid, stop: stopOnce };
}

const SECRET = "a secret of this benchmark";

async function startCentrifugo(users: number): Promise<ChatContender> {
  const port = await freePort(0);
  const file = join(temporaryFolder(), "centrifugo.json");
  const room = { allow_subscribe_for_client: true, allow_publish_for_subscriber: true };
  const history = { history_size: 10_000, history_ttl: "24h", force_recovery: true };
  const config = {
    http_server: { address: "127.0.0.1", port },
    client: { token: { hmac_secret_key: SECRET } },
    channel: { without_namespace: { ...room, ...history } },
    log: { level: "error" },
  };
  writeFileSync(file, JSON.stringify(config));
  const run = async () => {
    const child = launch([process.env.CENTRIFUGO_BIN ?? "", "--config", file]);
    await listening(port, child);
    return child;
  };
  let child = await run();
  return {
    name: "centrifugo",
    protocol: CENTRIFUGO,
    port,
    tokens: Array.from({ length: users }, (_, i) => jwt.sign({ sub: `u${i}` }, SECRET, { expiresIn: "1h" })),
    cpu: () => cpu({ child }),
    async restart() {
      child.kill("SIGKILL");
      await stop({ child });
      child = await run();
    },
    stop: () => stop({ child }),
  };
}

/** Waits until a program accepts connections: it prints nothing when it does. */
async function listening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await delay(5);
  }
  const status = child.exitCode ?? child.signalCode;
  throw new CommandError(
    `Centrifugo ended with ${status} before it accepted connections: ${process.env.CENTRIFUGO_BIN}.`,
  );
}
