import type { Broadcast } from "../contract/index.ts";
import { messageChanged, messageSent } from "./channel.ts";
import type { RoomPosition } from "./room-position.ts";
import type { ChatStore, MessageRange } from "./store/index.ts";

/** Messages in one query. */
const BATCH = 200;
/** Messages of one room that are sent again; with more, clients get the newest one, see the hole and ask themselves. */
const MAX_MISSED = 1_000;

/** What is read of the store. */
export interface MissedStore {
  readonly rooms: Pick<ChatStore["rooms"], "positions">;
  readonly messages: Pick<ChatStore["messages"], "sentWithin" | "changedWithin">;
}

/**
 * Gives what is in the database beyond these positions to `broadcastHere`: messages, then changes of messages that
 * were sent before. Returns the positions that the rooms had in the database before the first query for messages.
 */
export async function sendMissed(
  store: MissedStore,
  broadcastHere: (broadcast: Broadcast) => void,
  known: readonly RoomPosition[],
): Promise<readonly RoomPosition[]> {
  const current = await store.rooms.positions(known.map(({ room }) => room));
  const knownOf = new Map(known.map((position) => [position.room, position]));
  const messages: MessageRange[] = [];
  const changes: MessageRange[] = [];
  for (const { room, epoch, seq, revision } of current) {
    const from = knownOf.get(room);
    if (from?.epoch !== epoch) continue;
    messages.push({ room, after: seq - from.seq > MAX_MISSED ? seq - 1 : from.seq, upTo: seq });
    changes.push({ room, after: from.revision, upTo: revision });
  }
  for (const spans of inBatches(messages)) {
    for (const message of await store.messages.sentWithin(spans)) broadcastHere(messageSent(message));
  }
  for (const spans of inBatches(changes)) {
    for (const message of await store.messages.changedWithin(spans)) broadcastHere(messageChanged(message));
  }
  return current;
}

/** Spans for one query after the other, none of which has more numbers than a batch. */
function* inBatches(spans: readonly MessageRange[]): Generator<readonly MessageRange[]> {
  let batch: MessageRange[] = [];
  let left = BATCH;
  for (const { room, after: start, upTo } of spans) {
    for (let after = start; after < upTo; ) {
      const next = Math.min(upTo, after + left);
      batch.push({ room, after, upTo: next });
      left -= next - after;
      after = next;
      if (left > 0) continue;
      yield batch;
      batch = [];
      left = BATCH;
    }
  }
  if (batch.length > 0) yield batch;
}
