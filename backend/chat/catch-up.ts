import {
  HISTORY_PAGE_MESSAGES,
  MAX_CATCH_UP_MESSAGES,
  MAX_RESPONSE_BYTES,
  type Message,
  type RoomState,
  responseBytes,
} from "./message.ts";
import type { Room } from "./room.ts";
import type { ChatStore } from "./store/index.ts";

/** The position in a room that a client claims to have reached. */
interface ClaimedPosition {
  readonly cursor?: number;
  readonly epoch?: string;
  readonly revision?: number;
}

/** The state of a room; with `more`, the next call returns the rest. */
export type PartialState = RoomState & { readonly more?: true };

/** Maximum number of missed messages that one query reads. */
const BATCH_MESSAGES = 25;
/** Maximum number of messages that one query reads for the newest page: long messages fill a response sooner. */
const NEWEST_BATCH_MESSAGES = Math.ceil(HISTORY_PAGE_MESSAGES / 3);

/**
 * Returns what a client has missed in a room: the messages and changes after its position. Returns the newest page
 * where the position is not known, or messages after it are gone or too many. A response has about 128 KiB at most;
 * with `more`, the client has to ask again from the new position.
 */
export async function catchUp(store: ChatStore, room: Room, claimed: ClaimedPosition): Promise<PartialState> {
  const { key, epoch, seq, revision } = room;
  const { cursor, revision: seenRevision = revision } = claimed;
  // a position that this epoch never had says nothing about what the client has seen
  const isKnown = cursor !== undefined && claimed.epoch === epoch && cursor <= seq && seenRevision <= revision;
  if (!isKnown || seq - cursor > MAX_CATCH_UP_MESSAGES) return newestPage(store, room);
  const changed =
    seenRevision < revision
      ? await readBatches(MAX_RESPONSE_BYTES, (last) =>
          store.messages.changedSince(key, last?.revision ?? seenRevision, cursor, BATCH_MESSAGES),
        )
      : { messages: [], bytesLeft: MAX_RESPONSE_BYTES, isComplete: true };
  if (changed.messages.length > MAX_CATCH_UP_MESSAGES) return newestPage(store, room);
  // changes come in the order of their revisions: with this response the client has seen all up to the last one in it
  const newRevision = changed.isComplete
    ? revision
    : Math.min(revision, changed.messages.at(-1)?.revision ?? seenRevision);
  const missed = changed.isComplete
    ? await missedSince(store, room, cursor, changed.bytesLeft)
    : { messages: [], isComplete: false };
  const { isComplete } = missed;
  const [first] = missed.messages;
  // numbers have no gaps: messages that are missing after the position were pruned (`Retention`)
  if (first ? first.seq !== cursor + 1 : isComplete && cursor < seq) return newestPage(store, room);
  return {
    ...{ room: key, epoch, revision: newRevision, recovered: true },
    seq: missed.messages.at(-1)?.seq ?? (isComplete ? seq : cursor),
    ...{ messages: missed.messages, changed: changed.messages },
    ...(isComplete ? {} : { more: true }),
  };
}

/** The messages after a position. Most clients have missed none: then nothing is read. */
async function missedSince(
  store: ChatStore,
  { key: room, seq }: Room,
  cursor: number,
  maxBytes: number,
): Promise<BatchedMessages> {
  if (cursor === seq) return { messages: [], bytesLeft: maxBytes, isComplete: true };
  return readBatches(maxBytes, (last) => store.messages.after(room, last?.seq ?? cursor, BATCH_MESSAGES));
}

/** Messages that were read in several queries. */
interface BatchedMessages {
  readonly messages: readonly Message[];
  /** Bytes of the response that are not used yet. */
  readonly bytesLeft: number;
  /** False where the response is full and there are more messages. */
  readonly isComplete: boolean;
}

/** Reads messages batch by batch, until there are no more or `maxBytes` are used. `read` returns those after `last`. */
async function readBatches(
  maxBytes: number,
  read: (last: Message | undefined) => Promise<readonly Message[]>,
): Promise<BatchedMessages> {
  const messages: Message[] = [];
  let bytesLeft = maxBytes;
  for (;;) {
    const batch = await read(messages.at(-1));
    for (const message of batch) {
      const size = responseBytes(message);
      if (size > bytesLeft) return { messages, bytesLeft, isComplete: false };
      bytesLeft -= size;
      messages.push(message);
    }
    if (batch.length < BATCH_MESSAGES) return { messages, bytesLeft, isComplete: true };
  }
}

async function newestPage(store: ChatStore, { key: room, epoch, seq, revision }: Room): Promise<PartialState> {
  const messages = seq === 0 ? [] : await newestMessagesThatFit(store, room);
  return { room, epoch, seq: messages.at(-1)?.seq ?? seq, revision, messages, changed: [], recovered: false };
}

/**
 * The newest messages before a position that fit into one response, oldest first; without a position, the newest ones
 * of the room. Reads them in batches: a whole page of long messages would be several times as large as a response.
 */
export async function newestMessagesThatFit(
  store: ChatStore,
  room: string,
  cursor?: number,
): Promise<readonly Message[]> {
  let messages: readonly Message[] = [];
  let bytesLeft = MAX_RESPONSE_BYTES;
  for (;;) {
    const limit = Math.min(NEWEST_BATCH_MESSAGES, HISTORY_PAGE_MESSAGES - messages.length);
    const batch = await store.messages.before(room, messages[0]?.seq ?? cursor, limit);
    const lastTooLarge = batch.findLastIndex((message) => {
      bytesLeft -= responseBytes(message);
      return bytesLeft < 0;
    });
    messages = [...batch.slice(lastTooLarge + 1), ...messages];
    if (lastTooLarge >= 0 || batch.length < NEWEST_BATCH_MESSAGES || messages.length >= HISTORY_PAGE_MESSAGES)
      return messages;
  }
}
