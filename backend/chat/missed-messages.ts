import type { Broadcast } from "../contract/index.ts";
import { messageChanged, messageSent } from "./channel.ts";
import type { RoomPosition } from "./room-position.ts";
import type { ChatStore, MessageRange } from "./store/index.ts";

/** Maximum number of messages that one query reads. */
const BATCH_MESSAGES = 200;
/**
 * Maximum number of messages of one room that are sent again. With more, clients get the newest one: they see the gap
 * before it, and ask for the rest.
 */
const MAX_MISSED_MESSAGES = 1_000;

/** The part of the store that is read. */
export interface MissedStore {
  readonly rooms: Pick<ChatStore["rooms"], "positions">;
  readonly messages: Pick<ChatStore["messages"], "sentWithin" | "changedWithin">;
}

/**
 * Reads from the database what this node has missed after the positions `known`, and gives it to `broadcastHere`: first
 * new messages, then changes of earlier ones. Returns the rooms' positions in the database when it began.
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
    messages.push({ room, after: seq - from.seq > MAX_MISSED_MESSAGES ? seq - 1 : from.seq, upTo: seq });
    changes.push({ room, after: from.revision, upTo: revision });
  }
  for (const ranges of inBatches(messages)) {
    for (const message of await store.messages.sentWithin(ranges)) broadcastHere(messageSent(message));
  }
  for (const ranges of inBatches(changes)) {
    for (const message of await store.messages.changedWithin(ranges)) broadcastHere(messageChanged(message));
  }
  return current;
}

/** Splits ranges into groups for one query each, none of which has more numbers than a batch. */
function* inBatches(ranges: readonly MessageRange[]): Generator<readonly MessageRange[]> {
  let batch: MessageRange[] = [];
  let left = BATCH_MESSAGES;
  for (const { room, after: start, upTo } of ranges) {
    for (let after = start; after < upTo; ) {
      const next = Math.min(upTo, after + left);
      batch.push({ room, after, upTo: next });
      left -= next - after;
      after = next;
      if (left > 0) continue;
      yield batch;
      batch = [];
      left = BATCH_MESSAGES;
    }
  }
  if (batch.length > 0) yield batch;
}
