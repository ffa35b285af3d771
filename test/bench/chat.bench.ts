// `npm run bench -- chat`: 1,000 clients in rooms of 6, each saying something five times a second, against the whole backend, which
// stores every message before it acknowledges it, and against Socket.IO alone, which stores nothing. The server has one core, the
// clients the other. Windows are taken in turns. Times are from a client's send to another's receipt, on one clock.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ask,
  type Contender,
  cpu,
  median,
  quantile,
  say,
  start,
  stayOnSecondCore,
  stop,
  verdict,
} from "./contenders.ts";
import { acknowledged, addressOf, type Line, line } from "./line.ts";

const CLIENTS = 1000;
const ROOM_OF = 6;
const PER_SECOND = 5;
const WINDOWS = 3;
const WINDOW = 5_000;
/** Milliseconds after a window in which late messages may still come. */
const GRACE = 2_000;
const TICK = 5;

interface Crowd extends Contender {
  readonly lines: readonly Line[];
  /** Of each client, the number of the last message it has heard. */
  readonly heard: number[];
  readonly windows: Window[];
}

interface Window {
  readonly latencies: number[];
  readonly acknowledgements: number[];
  sent: number;
  acked: number;
  refused: number;
  duplicates: number;
  gaps: number;
  lost: number;
  seconds: number;
  /** Share of one core. */
  load: number;
  late: number;
}

const roomOf = (client: number) => `bench${Math.floor(client / ROOM_OF)}`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function gather(server: Contender, tokens: readonly string[]): Promise<Crowd> {
  const lines: Line[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const one = await line(server.port, tokens[i] ?? "", addressOf(i));
    await acknowledged(one, `["call","chat.join",{"room":"${roomOf(i)}"}]`);
    lines.push(one);
  }
  return { ...server, lines, heard: lines.map(() => 0), windows: [] };
}

let runs = 0;

/** One window: clients send on a schedule of their own, however long answers take. */
async function window(crowd: Crowd, perSecond: number, milliseconds: number): Promise<Window> {
  const figures: Window = {
    latencies: [],
    acknowledgements: [],
    sent: 0,
    acked: 0,
    refused: 0,
    duplicates: 0,
    gaps: 0,
    lost: 0,
    seconds: 0,
    load: 0,
    late: 0,
  };
  const run = ++runs; // a client id is used once
  /** Of each room, the number of its newest acknowledged message. */
  const newest = new Map<string, number>();
  const sentAt = new Map<number, number>();
  crowd.lines.forEach((one, client) => {
    const room = roomOf(client);
    one.onText = (text) => {
      const now = performance.now();
      if (text.startsWith('42["message"')) {
        const seq = Number(/"seq":(\d+)/.exec(text)?.[1]);
        figures.latencies.push(now - Number(/"text":"t([\d.]+)"/.exec(text)?.[1]));
        const last = crowd.heard[client] ?? 0;
        if (last !== 0 && seq <= last) figures.duplicates++;
        else if (last !== 0 && seq > last + 1) figures.gaps += seq - last - 1;
        if (seq > last) crowd.heard[client] = seq;
      } else if (text.startsWith("43")) {
        const mark = text.indexOf("[");
        const id = Number(text.slice(2, mark));
        figures.acknowledgements.push(now - (sentAt.get(id) ?? Number.NaN));
        sentAt.delete(id);
        if (!text.startsWith("[null", mark)) return void figures.refused++;
        figures.acked++;
        const seq = Number(/"seq":(\d+)/.exec(text)?.[1]);
        newest.set(room, Math.max(newest.get(room) ?? 0, seq));
      }
    };
  });
  await ask(crowd);
  const before = cpu(crowd);
  const started = performance.now();
  const total = Math.round((CLIENTS * perSecond * milliseconds) / 1000);
  while (figures.sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * CLIENTS * perSecond));
    for (; figures.sent < due; figures.sent++) {
      const client = (figures.sent * 7) % CLIENTS; // neighbours in a room do not speak right after one another
      const now = performance.now();
      sentAt.set(figures.sent, now);
      const params = `{"room":"${roomOf(client)}","text":"t${now}","clientId":"${run}-${figures.sent}"}`;
      crowd.lines[client]?.socket.send(`42${figures.sent}["call","chat.send",${params}]`);
    }
    await pause(TICK);
  }
  figures.seconds = (performance.now() - started) / 1000;
  figures.load = (cpu(crowd) - before) / 1e6 / figures.seconds;
  figures.late = (await ask(crowd)).delay.p99;
  const until = performance.now() + GRACE;
  const missing = () =>
    crowd.heard.reduce((sum, last, client) => sum + Math.max(0, (newest.get(roomOf(client)) ?? 0) - last), 0);
  while ((missing() > 0 || sentAt.size > 0) && performance.now() < until) await pause(20);
  figures.lost = missing() + sentAt.size + figures.gaps;
  crowd.windows.push(figures);
  return figures;
}

stayOnSecondCore();
const folder = mkdtempSync(join(tmpdir(), "causeway-bench-tokens-"));
process.env.TOKENS_FILE = join(folder, "tokens.json");
try {
  const servers = [await start("backend-origin.ts", "socket.io"), await start("backend-origin.ts", "backend")];
  const tokens = JSON.parse(readFileSync(process.env.TOKENS_FILE, "utf8")) as string[];
  const crowds: Crowd[] = [];
  for (const server of servers) crowds.push(await gather(server, tokens));
  for (const crowd of crowds) {
    for (const rate of [1, 3]) await window(crowd, rate, 2_000);
    crowd.windows.length = 0;
  }
  for (let i = 0; i < WINDOWS; i++) for (const crowd of crowds) await window(crowd, PER_SECOND, WINDOW);
  say(
    `${CLIENTS} clients in rooms of ${ROOM_OF}, ${PER_SECOND} messages/s each, ${WINDOWS} windows of ${WINDOW / 1000} s in turns`,
  );
  say(
    "             messages/s  deliver p50  p95  p99 ms   ack p95 ms   loop late p99 ms  core   refused  lost  duplicate",
  );
  for (const { name, windows } of crowds) {
    for (const one of windows) {
      const figures = [
        (one.acked / one.seconds).toFixed(0).padStart(10),
        quantile(one.latencies, 0.5).toFixed(1).padStart(12),
        quantile(one.latencies, 0.95).toFixed(1).padStart(5),
        quantile(one.latencies, 0.99).toFixed(1).padStart(5),
        quantile(one.acknowledgements, 0.95).toFixed(1).padStart(12),
        one.late.toFixed(1).padStart(18),
        one.load.toFixed(2).padStart(8),
        String(one.refused).padStart(8),
        String(one.lost).padStart(5),
        String(one.duplicates).padStart(10),
      ];
      say(`${name.padEnd(13)}${figures.join(" ")}`);
    }
  }
  const [, ours] = crowds;
  if (ours) {
    const total = (of: (one: Window) => number) => ours.windows.reduce((sum, one) => sum + of(one), 0);
    verdict("p95 from send to receipt, ms", median(ours.windows.map((one) => quantile(one.latencies, 0.95))), "<=", 20);
    verdict(
      "lost or refused",
      total((one) => one.lost + one.refused),
      "<=",
      0,
    );
    verdict(
      "duplicates",
      total((one) => one.duplicates),
      "<=",
      0,
    );
  }
  for (const { lines } of crowds) for (const { socket } of lines) socket.terminate();
  for (const server of servers) await stop(server);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
