import type { ServiceBroker } from "moleculer";
import { announce } from "../contract/index.ts";
import { channelOf } from "./channel.ts";
import type { SignalRoom } from "./room-access.ts";
import type { ReadMark } from "./shapes.ts";

/** Collects read marks, and broadcasts them together: of each user and room only the newest one. */
export interface ReadReceipts {
  /** Adds a mark that has moved. The user's own devices get it, and in a small room the other members. */
  add(broker: ServiceBroker, room: SignalRoom, mark: ReadMark): void;
  /** Stops broadcasting. Marks that wait are stored, and a client that reconnects reads them. */
  stop(): void;
}

/** The marks of one room that wait for the broadcast: how far each user has read. */
interface WaitingMarks {
  readonly signalRoom: SignalRoom;
  readonly seqs: Map<string, number>;
}

/** Milliseconds for which marks are collected. */
const WINDOW_MS = 1_000;

export function createReadReceipts(windowMs: number = WINDOW_MS): ReadReceipts {
  const waiting = new Map<string, WaitingMarks>();
  let timer: NodeJS.Timeout | undefined;

  async function broadcastMarks(broker: ServiceBroker): Promise<void> {
    timer = undefined;
    const rooms = [...waiting.values()];
    waiting.clear();
    for (const { signalRoom, seqs } of rooms) {
      const { room, epoch, isSmall } = signalRoom;
      const marks = [...seqs].map(([user, seq]) => ({ user, seq }));
      // one packet for a small room, whatever the number of marks
      for (const part of isSmall ? [marks] : marks.map((mark) => [mark])) {
        const users = part.map(({ user }) => user);
        const audience = isSmall ? { channel: channelOf(room), users } : { users };
        const payload = { room, epoch, marks: part };
        await announce(broker, "sockets.broadcast", { ...audience, event: "read", payload });
      }
    }
  }

  return {
    add(broker, signalRoom, { user, seq }) {
      const known = waiting.get(signalRoom.room);
      const seqs = known?.signalRoom.epoch === signalRoom.epoch ? known.seqs : new Map<string, number>();
      seqs.set(user, Math.max(seq, seqs.get(user) ?? 0));
      waiting.set(signalRoom.room, { signalRoom, seqs });
      timer ??= setTimeout(() => {
        broadcastMarks(broker).catch((error: unknown) =>
          broker.logger.error("read marks could not be broadcast", error),
        );
      }, windowMs).unref();
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
