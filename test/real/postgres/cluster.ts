import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import { postgresFolder } from "../../../scripts/programs/postgres.ts";
import { killAtExit } from "../../kill-at-exit.ts";

/** A PostgreSQL of its own on 127.0.0.1, in a temporary folder. */
export interface Cluster {
  /** Process id of the server, whose children serve its connections. Another one after `resume`. */
  readonly pid: number;
  /**
   * Stops the server: every connection ends, new ones are refused. `fast` as an operator does; `immediate` without
   * writing anything more, so that the next start recovers from the log.
   */
  halt(how?: "fast" | "immediate"): Promise<void>;
  /** Starts it again, at the same port. */
  resume(): Promise<void>;
  /** Makes an empty database. */
  database(): Promise<{ url: string; remove(): Promise<void> }>;
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root; then the user that its package made runs it. */
function runner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

function postgresPrograms(): string {
  const found = postgresFolder();
  if (found !== undefined) return found;
  throw new Error("no PostgreSQL server found; POSTGRES_BIN must name a folder with initdb");
}

/** `given` are settings of `postgresql.conf`; by default nothing is forced to the disk. */
export async function startCluster(given: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  const bin = postgresPrograms();
  const folder = mkdtempSync(join(tmpdir(), "causeway-postgres-"));
  const as = runner();
  if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid);
  const data = join(folder, "data");
  const initdb = ["-D", data, "-U", "causeway", "-A", "trust", "-E", "UTF8", "--no-sync"];
  execFileSync(join(bin, "initdb"), initdb, { ...as, cwd: folder, stdio: "ignore" });
  const port = await freePort(25_432);
  const place = { listen_addresses: "127.0.0.1", unix_socket_directories: folder, port: String(port) };
  const settings = { fsync: "off", ...given, ...place };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  async function start(): Promise<ChildProcess> {
    const server = spawn(join(bin, "postgres"), ["-D", data, ...options], {
      ...as,
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    killAtExit(server);
    const log = createInterface({ input: server.stderr });
    await new Promise<void>((resolve, reject) => {
      log.on("line", (line) => {
        if (line.includes("ready to accept connections")) resolve();
      });
      server.once("exit", (code) => reject(new Error(`postgres ended with ${code}`)));
    });
    return server;
  }
  async function end(how: "fast" | "immediate" = "fast"): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, "exit");
    server.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
    await gone;
  }
  let server = await start();
  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "causeway", database: "postgres" });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }
  let admin = await connect();
  let made = 0;
  return {
    get pid() {
      return server.pid ?? 0;
    },
    halt: end,
    async resume() {
      server = await start();
      admin = await connect();
    },
    async database() {
      const name = `test${++made}`;
      await admin.query(`create database ${name}`);
      return {
        url: `postgres://causeway@127.0.0.1:${port}/${name}`,
        remove: async () => void (await admin.query(`drop database ${name} with (force)`)),
      };
    },
    async stop() {
      await admin.end();
      await end();
      rmSync(folder, { recursive: true });
    },
  };
}
