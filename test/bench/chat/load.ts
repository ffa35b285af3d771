/** The load that all chat servers meet: clients in rooms of six that speak on a schedule of their own. */
import { setTimeout as pause } from "node:timers/promises";
import { quantile } from "../contenders.ts";
import { addressOf } from "../line.ts";
import { type Client, joinAll, type Position } from "../protocols.ts";
import type { ChatContender } from "./chat-contenders.ts";

export const ROOM_OF = 6;

/** Clients that are connected to a server and in their rooms. */
export interface Crowd {
  readonly contender: ChatContender;
  readonly clients: readonly Client[];
  /** Of each client, the epoch of its room. */
  readonly epochs: readonly string[];
  /** Of each room, the messages that were acknowledged. */
  readonly acknowledged: Int32Array;
  /** Of each client, the messages that it has heard, and the position of the last one. */
  readonly heard: Int32Array;
  readonly last: Int32Array;
}

/** What one window of load showed. Times are in milliseconds, from a client's send to another's receipt. */
export interface Window {
  readonly sent: number;
  /** False where it was stopped because too many messages waited. */
  readonly isWhole: boolean;
  /** Acknowledged messages in a second. */
  readonly rate: number;
  readonly refused: number;
  /** Messages that a client has heard twice, or after a later one. */
  readonly duplicates: number;
  /** Messages that were acknowledged and that a client of the room has not heard; requests without a response. */
  readonly lost: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly acknowledgeP95: number;
  /** Share of one core that the server with its database took, and microseconds for each acknowledged message. */
  readonly core: number;
  readonly cpu: number;
  readonly loopLate: number;
  /** The load's own share of its core, and how late it sent: the 99th percentile. */
  readonly loadCore: number;
  readonly loadLate: number;
}

/** Above this share of its core, or this many milliseconds late, the load itself may be what is slow. */
const LOAD_LIMITS = { core: 0.95, late: 10 };
export const isLoadSlow = ({ loadCore, loadLate }: Window) =>
  loadCore > LOAD_LIMITS.core || loadLate > LOAD_LIMITS.late;

const roomOf = (client: number) => Math.floor(client / ROOM_OF);
const nameOf = (room: number) => `bench${room}`;

/** The rooms of a client: those of its six first, then so many in all. */
export const roomsOf = (client: number, count: number) =>
  Array.from({ length: count }, (_, i) => (i === 0 ? nameOf(roomOf(client)) : `more${i}of${roomOf(client)}`));

/** Connects the nth user to its rooms, from positions on where there are some. Rejects where that fails. */
export async function arrive(
  { protocol, port, tokens }: ChatContender,
  n: number,
  rooms: readonly string[],
  from?: readonly Position[],
): Promise<{ readonly client: Client; readonly positions: readonly Position[] }> {
  const client = await protocol.connect(port, tokens[n] ?? "", addressOf(n));
  const positions = await joinAll(protocol, client, rooms, from);
  client.socket.onClose = () => undefined;
  return { client, positions };
}

/** Connects the first `size` users, each to so many rooms; they speak in the first one. */
export async function gather(contender: ChatContender, size: number, rooms = 1): Promise<Crowd> {
  const clients: Client[] = [];
  const epochs: string[] = [];
  for (let i = 0; i < size; i += 1) {
    const { client, positions } = await arrive(contender, i, roomsOf(i, rooms));
    clients.push(client);
    epochs.push(positions[0]?.epoch ?? "");
  }
  const acknowledged = new Int32Array(roomOf(size - 1) + 1);
  return { contender, clients, epochs, acknowledged, heard: new Int32Array(size), last: new Int32Array(size) };
}

export interface Pace {
  /** How many of the crowd speak. */
  readonly speakers: number;
  /** Messages of each in a second. */
  readonly perSecond: number;
  readonly milliseconds: number;
  /** Stops as soon as so many milliseconds of messages wait for their acknowledgement. */
  readonly behindMs?: number;
}

/** Numbers of messages are used once in a run of this process: servers take a repeated one for a retry. */
let nextNumber = 1;

/** One window: clients send on their schedule, however long responses take. */
export async function runWindow(crowd: Crowd, pace: Pace): Promise<Window> {
  const { contender, clients } = crowd;
  const { speakers, perSecond, milliseconds, behindMs = Number.POSITIVE_INFINITY } = pace;
  const rate = (speakers * perSecond) / 1000;
  const total = Math.round(rate * milliseconds);
  const first = nextNumber;
  nextNumber += total;
  const sentAt = new Float64Array(total);
  const times: number[] = [];
  const acknowledgements: number[] = [];
  const late: number[] = [];
  const counts = { sent: 0, answered: 0, refused: 0, duplicates: 0, progressAt: 0 };
  clients.forEach((client, i) => {
    client.heard = {
      message(seq, number) {
        const now = performance.now();
        const last = crowd.last[i] ?? 0;
        if (seq <= last) counts.duplicates += 1;
        else {
          crowd.last[i] = seq;
          crowd.heard[i] = (crowd.heard[i] ?? 0) + 1;
        }
        if (number >= first) times.push(now - (sentAt[number - first] ?? 0));
        counts.progressAt = now;
      },
      response(number, error) {
        const now = performance.now();
        if (number < first) return;
        acknowledgements.push(now - (sentAt[number - first] ?? 0));
        counts.answered += 1;
        counts.progressAt = now;
        if (error !== undefined) counts.refused += 1;
        else crowd.acknowledged[roomOf(i)] = (crowd.acknowledged[roomOf(i)] ?? 0) + 1;
      },
    };
  });
  await contender.loopDelay?.();
  const cpuBefore = contender.cpu();
  const loadBefore = process.cpuUsage();
  const started = performance.now();
  const missedBefore = missingOf(crowd);
  const stride = strideFor(speakers);
  while (counts.sent < total && (counts.sent - counts.answered) / rate < behindMs) {
    const now = performance.now();
    const due = Math.min(total, Math.floor((now - started) * rate));
    if (counts.sent < due) late.push(now - started - (counts.sent + 1) / rate);
    for (; counts.sent < due; counts.sent += 1) {
      const speaker = (counts.sent * stride) % speakers;
      sentAt[counts.sent] = performance.now();
      const text = contender.protocol.say(first + counts.sent, nameOf(roomOf(speaker)));
      clients[speaker]?.socket.send(text);
    }
    await pause(1);
  }
  const elapsed = performance.now() - started;
  const answered = counts.answered - counts.refused;
  const serverCpu = contender.cpu() - cpuBefore;
  const { user, system } = process.cpuUsage(loadBefore);
  const loopLate = (await contender.loopDelay?.()) ?? Number.NaN;
  counts.progressAt = performance.now();
  const lost = await settle(() => missingOf(crowd) - missedBefore + counts.sent - counts.answered, counts);
  return {
    sent: counts.sent,
    isWhole: counts.sent === total,
    rate: (answered / elapsed) * 1000,
    refused: counts.refused,
    duplicates: counts.duplicates,
    lost,
    p50: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    p99: quantile(times, 0.99),
    acknowledgeP95: quantile(acknowledgements, 0.95),
    core: serverCpu / 1000 / elapsed,
    cpu: serverCpu / answered,
    loopLate,
    loadCore: (user + system) / 1000 / elapsed,
    loadLate: quantile(late, 0.99),
  };
}

/** Milliseconds without any message after which what has not come is lost, and what all of it may take. */
const QUIET_MS = 2_000;
const SETTLE_MS = 60_000;

/** Waits for what is still on its way; returns how much never came. */
async function settle(missing: () => number, counts: { readonly progressAt: number }): Promise<number> {
  const until = performance.now() + SETTLE_MS;
  for (;;) {
    const left = missing();
    const now = performance.now();
    if (left === 0 || now > until || now - counts.progressAt > QUIET_MS) return left;
    await pause(20);
  }
}

/** Deliveries of acknowledged messages that have not come. */
function missingOf({ heard, acknowledged }: Crowd): number {
  return heard.reduce((sum, count, client) => sum + Math.max(0, (acknowledged[roomOf(client)] ?? 0) - count), 0);
}

/** Steps from one speaker to the next, so that neighbours in a room do not speak right after one another. */
function strideFor(speakers: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let stride = ROOM_OF + 1;
  while (divisor(stride, speakers) !== 1) stride += 1;
  return stride;
}
