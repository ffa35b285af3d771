// `npm run bench -- flood`: what is left for everybody else while strangers try passwords as fast as they are let. The
// server has both cores, since hashing is meant to use another one than the requests; the load shares them. Windows
// with and without the flood are taken in turns; the answers to others are counted at a fixed number of connections,
// and at a fixed rate for their time.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { runBenchmark } from "./benchmark.ts";
import { cpu, median, quantile, ratios, start, stop, temporaryFolder } from "./contenders.ts";
import { addressOf } from "./line.ts";

const ROUNDS = 7;
const WINDOW = 1_500;
const CONNECTIONS = 20;
/** Logins a second that are tried: many times what can be hashed. */
const FLOOD = 400;
const FLOODERS = 120;

interface Window {
  readonly rate: number;
  readonly p95: number;
  /** Microseconds of CPU for each request of the others, the flood's included. */
  readonly cores: number;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function dial(port: number): Promise<Socket> {
  const connection = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(connection, "connect");
  return connection;
}

/** Sends one request and resolves with the status of its answer. */
function exchange(connection: Socket, request: string): Promise<number> {
  return new Promise((resolve, reject) => {
    connection.once("data", (chunk: Buffer) => resolve(Number(chunk.toString("latin1", 9, 12))));
    connection.once("close", () => reject(new Error("the server closed a connection")));
    connection.write(request);
  }).finally(() => connection.removeAllListeners("close")) as Promise<number>;
}

/** Answers of the others in one window, each connection asking again when it was answered. */
async function others(
  connections: readonly Socket[],
  tokens: readonly string[],
): Promise<{ rate: number; p95: number }> {
  const end = performance.now() + WINDOW;
  const took: number[] = [];
  let sent = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() < end) {
        // a user and an address ask at most 200 times in 10 s
        const who = sent++ % tokens.length;
        const before = performance.now();
        const status = await exchange(
          connection,
          `GET /api/users/me HTTP/1.1\r\nhost: bench\r\ncf-connecting-ip: ${addressOf(who)}\r\nauthorization: Bearer ${tokens[who]}\r\n\r\n`,
        );
        took.push(performance.now() - before);
        if (status !== 200) throw new Error(`refused with ${status}`);
      }
    }),
  );
  return { rate: (took.length / WINDOW) * 1000, p95: quantile(took, 0.95) };
}

/** Tries passwords from ever other addresses until it is told to stop; counts the answers by status. */
async function flood(
  connections: readonly Socket[],
  answers: Map<number, number>,
  going: () => boolean,
): Promise<void> {
  let sent = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (going()) {
        const n = sent++;
        const body = JSON.stringify({ email: `u${(n * 13) % 1000}@example.org`, password: `guess number ${n}` });
        const status = await exchange(
          connection,
          `POST /api/auth/login HTTP/1.1\r\nhost: bench\r\ncf-connecting-ip: 2001:db8:${(n & 0xffff).toString(16)}:1::1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        );
        answers.set(status, (answers.get(status) ?? 0) + 1);
        await pause((FLOODERS / FLOOD) * 1000);
      }
    }),
  );
}

await runBenchmark({
  name: "flood",
  summary: "Other endpoints while strangers try passwords as fast as they are let.",
  options: {},
  async run(_options, report) {
    const given = { port: 0, users: 1000, env: { DATA_DIR: temporaryFolder() } };
    const server = await start("backend-origin.ts", "backend", { everywhere: true, given });
    const { tokens } = server;
    const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => dial(server.port)));
    const flooders = await Promise.all(Array.from({ length: FLOODERS }, () => dial(server.port)));
    const calm: Window[] = [];
    const flooded: Window[] = [];
    const answers = new Map<number, number>();
    const measure = async (windows: Window[]) => {
      const before = cpu(server);
      const figures = await others(connections, tokens);
      windows.push({ ...figures, cores: (cpu(server) - before) / 1000 / WINDOW });
    };
    await others(connections, tokens);
    for (let round = 0; round < ROUNDS; round++) {
      await measure(calm);
      let going = true;
      const attack = flood(flooders, answers, () => going);
      await pause(300); // until the queue of hashes is full
      await measure(flooded);
      going = false;
      await attack;
    }
    const of = (windows: readonly Window[], figure: (one: Window) => number) => median(windows.map(figure));
    report.table(
      `${CONNECTIONS} connections asking for a profile; ${FLOOD} logins/s tried; ${ROUNDS} windows of ${WINDOW / 1000} s each, medians`,
      [[""], ["requests/s"], ["p95 ms", 1], ["server, cores", 2]],
      (
        [
          ["without the flood", calm],
          ["with the flood", flooded],
        ] as const
      ).map(([name, windows]) => {
        return [name, of(windows, (one) => one.rate), of(windows, (one) => one.p95), of(windows, (one) => one.cores)];
      }),
    );
    report.say(`the logins were answered ${[...answers].map(([status, count]) => `${status}: ${count}`).join(", ")}`);
    const inTurns = ratios(
      flooded.map(({ rate }) => rate),
      calm.map(({ rate }) => rate),
    );
    const rateOf = ({ rate }: Window) => rate;
    // the worse of two: the windows of a run differ so much that one of them can be far above the table
    const share = Math.min(inTurns, of(flooded, rateOf) / of(calm, rateOf));
    report.target("other endpoints during the flood", share, ">=", 0.7);
    for (const connection of [...connections, ...flooders]) connection.removeAllListeners("close").destroy();
    await stop(server);
  },
});
