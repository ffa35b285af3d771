import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError } from "../../../../scripts/command-line/index.ts";
import { freePort } from "../../../../scripts/local-site/free-port.ts";
import { isProgram, onPath } from "../../../../scripts/programs/on-path.ts";
import { postgresFolder } from "../../../../scripts/programs/postgres.ts";
import { type CuttableProxy, startProxy } from "../../../backend/client/cuttable-proxy.ts";
import { type NatsServer, nodeEnv, startNats } from "../../../real/nats/nats-server.ts";
import { type Cluster, startCluster } from "../../../real/postgres/cluster.ts";
import { atEnd } from "../../benchmark.ts";
import { type Account, createAccounts } from "./accounts.ts";
import { BackendProcess } from "./backend-process.ts";

/** PostgreSQL, NATS and several nodes as they are deployed, on 127.0.0.1. */
export interface Site {
  readonly cluster: Cluster;
  readonly databaseUrl: string;
  readonly nodes: readonly BackendProcess[];
  /** Of each node, the way to NATS; it can be cut. */
  readonly ways: readonly CuttableProxy[];
  readonly accounts: readonly Account[];
  /** Messages that NATS has got and has passed on since its start. */
  traffic(): Promise<{ readonly received: number; readonly sent: number }>;
  /** Stops nats-server and starts it again, at the same port, after so many milliseconds. */
  restartNats(after: () => Promise<void>): Promise<void>;
  /** Stops everything and removes the folders; what does not end in order is killed. */
  stop(): Promise<void>;
}

export interface SiteOptions {
  readonly nodes: number;
  /** Users who are signed in. */
  readonly accounts: number;
  /** Environment of the nodes besides what they need. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folder that gets the log of each node; it is made where it is missing. */
  readonly logs?: string | undefined;
}

/** Ends one thing after the other, also after one that fails. */
async function endAll(endings: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const end of endings) {
    try {
      await end();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "not everything has stopped in order");
}

/** What names the programs of a site, for the help of the benchmarks. */
export const SITE_PROGRAMS = {
  POSTGRES_BIN: "a folder with PostgreSQL's programs (Debian's)",
  NATS_SERVER_BIN: "nats-server (the one on PATH)",
};

/** Throws where a program is missing, before anything is started. */
function checkPrograms(): void {
  const { POSTGRES_BIN, NATS_SERVER_BIN, PATH } = process.env;
  if (NATS_SERVER_BIN ? !isProgram(NATS_SERVER_BIN) : !onPath(["nats-server"], PATH)) {
    const where = NATS_SERVER_BIN ? `NATS_SERVER_BIN names ${NATS_SERVER_BIN}, which is no program` : "none is on PATH";
    throw new CommandError(
      `This benchmark needs nats-server, and ${where}. Install it (apt-get install nats-server), or set ` +
        "NATS_SERVER_BIN to it.",
    );
  }
  const folder = postgresFolder();
  if (!folder || !isProgram(join(folder, "initdb"))) {
    const where = POSTGRES_BIN ? `the folder that POSTGRES_BIN names, ${POSTGRES_BIN}, has no initdb` : "there is none";
    throw new CommandError(
      `This benchmark needs PostgreSQL, and ${where}. Install it (apt-get install postgresql), or set POSTGRES_BIN to ` +
        "the folder with initdb.",
    );
  }
}

/** Starts a site. Where something does not start, what runs already is stopped. */
export async function startSite(options: SiteOptions): Promise<Site> {
  checkPrograms();
  const endings: (() => unknown)[] = [];
  let stopping: Promise<void> | undefined;
  /** What runs from now on, and how it ends; at once where the site is stopping already. */
  const runs = async (end: () => unknown): Promise<void> => {
    if (stopping) await end();
    else endings.push(end);
  };
  const stop = () => {
    stopping ??= endAll(endings.reverse());
    return stopping;
  };
  atEnd(stop);
  try {
    // as it is deployed: what is committed is on the disk
    const cluster = await startCluster({ fsync: "on", max_connections: "200" });
    await runs(() => cluster.stop());
    const { url: databaseUrl } = await cluster.database();
    if (options.logs !== undefined) mkdirSync(options.logs, { recursive: true });
    const accounts = await createAccounts(databaseUrl, options.accounts);
    const monitor = await freePort(28_222);
    const configuration = `http: 127.0.0.1:${monitor}\n`;
    let nats: NatsServer = await startNats({ configuration });
    await runs(() => nats.stop());
    const ways: CuttableProxy[] = [];
    const nodes: BackendProcess[] = [];
    for (let n = 1; n <= options.nodes; n += 1) {
      const way = await startProxy(nats.url);
      await runs(() => way.close());
      ways.push(way);
      const folder = mkdtempSync(join(tmpdir(), "causeway-node-"));
      await runs(() => rmSync(folder, { recursive: true, force: true }));
      const env = {
        ...nodeEnv(way.url.replace("http", "nats")),
        ...{ DATABASE_URL: databaseUrl, DATA_DIR: folder, NODE_ID: `node-${n}`, ...options.env },
      };
      const taken = new Set(nodes.map(({ port }) => port));
      const logFile = options.logs === undefined ? undefined : join(options.logs, `node-${n}.log`);
      const node = await BackendProcess.create({ name: `node ${n}`, env, taken, logFile });
      await runs(() => node.stop());
      nodes.push(node);
    }
    await Promise.all(nodes.map((node) => node.start()));
    return {
      ...{ cluster, databaseUrl, nodes, ways, accounts, stop },
      async traffic() {
        const response = await fetch(`http://127.0.0.1:${monitor}/varz`);
        const { in_msgs: received, out_msgs: sent } = (await response.json()) as { in_msgs: number; out_msgs: number };
        return { received, sent };
      },
      async restartNats(after) {
        const { port } = nats;
        await nats.stop();
        await after();
        nats = await startNats({ configuration, port });
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
