import type { ServiceBroker } from "moleculer";
import { announce } from "../contract/index.ts";
import { channelOf } from "./channel.ts";
import type { EnteredRoom } from "./room-access.ts";
import type { ReadMark } from "./shapes.ts";

/** Collects read marks, and broadcasts them together: of each user and room only the newest one. */
export interface ReadReceipts {
  /** Adds a mark that has moved. The user's own devices get it, and in a small room the other members. */
  moved(broker: ServiceBroker, room: EnteredRoom, mark: ReadMark): void;
  /** Stops broadcasting. Marks that wait are stored, and a client that reconnects reads them. */
  stop(): void;
}

/** The marks of one room that wait for the broadcast: how far each user has read. */
interface Waiting {
  readonly entered: EnteredRoom;
  readonly seqs: Map<string, number>;
}

/** Milliseconds for which marks are collected. */
const WINDOW = 1_000;

export function createReadReceipts(window: number = WINDOW): ReadReceipts {
  const waiting = new Map<string, Waiting>();
  let timer: NodeJS.Timeout | undefined;

  async function tell(broker: ServiceBroker): Promise<void> {
    timer = undefined;
    const rooms = [...waiting.values()];
    waiting.clear();
    for (const { entered, seqs } of rooms) {
      const { room, epoch, isSmall } = entered;
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
    moved(broker, entered, { user, seq }) {
      const known = waiting.get(entered.room);
      const seqs = known?.entered.epoch === entered.epoch ? known.seqs : new Map<string, number>();
      seqs.set(user, Math.max(seq, seqs.get(user) ?? 0));
      waiting.set(entered.room, { entered, seqs });
      timer ??= setTimeout(() => {
        tell(broker).catch((error: unknown) => broker.logger.error("read marks could not be broadcast", error));
      }, window).unref();
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
