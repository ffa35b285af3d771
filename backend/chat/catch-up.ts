import { CATCH_UP, type Message, PAGE, RESPONSE_BYTES, type RoomState, responseBytes } from "./message.ts";
import type { Room } from "./room.ts";
import type { ChatStore } from "./store/index.ts";

/** Where a client says that it stands. */
interface ClaimedPosition {
  readonly cursor?: number;
  readonly epoch?: string;
  readonly revision?: number;
}

/** A state of which a part may be left for the next call. */
export type PartialState = RoomState & { readonly more?: true };

/** Messages that are read from the store at once. */
const BATCH = 25;
/** The same for the newest page. */
const PART = Math.ceil(PAGE / 3);

/**
 * Returns where the room stands: from the client's position on if that can be made whole, else its newest page. One
 * response has about 128 KiB at most; `more` says that the client has to ask again from the new position.
 */
export async function catchUp(store: ChatStore, of: Room, from: ClaimedPosition): Promise<PartialState> {
  const { key: room, epoch, seq, revision } = of;
  const { cursor, revision: seen = revision } = from;
  // a position that this epoch never had says nothing about what the client has seen
  const isKnown = cursor !== undefined && from.epoch === epoch && cursor <= seq && seen <= revision;
  if (!isKnown || seq - cursor > CATCH_UP) return newestPage(store, of);
  const changed =
    seen < revision
      ? await readUpTo(RESPONSE_BYTES, (last) =>
          store.messages.changedSince(room, last?.revision ?? seen, cursor, BATCH),
        )
      : { messages: [], left: RESPONSE_BYTES, isWhole: true };
  if (changed.messages.length > CATCH_UP) return newestPage(store, of);
  // changes come in the order of their revisions: the client has seen all up to the last one here
  const upTo = changed.isWhole ? revision : Math.min(revision, changed.messages.at(-1)?.revision ?? seen);
  const missed = changed.isWhole
    ? await missedSince(store, of, cursor, changed.left)
    : { messages: [], isWhole: false };
  const { isWhole } = missed;
  const [first] = missed.messages;
  // numbers have no holes: messages that are missing after the position were removed for their age or number
  if (first ? first.seq !== cursor + 1 : isWhole && cursor < seq) return newestPage(store, of);
  return {
    ...{ room, epoch, revision: upTo, recovered: true },
    seq: missed.messages.at(-1)?.seq ?? (isWhole ? seq : cursor),
    ...{ messages: missed.messages, changed: changed.messages },
    ...(isWhole ? {} : { more: true }),
  };
}

/** The messages after a position, of which most clients have missed none: then nothing is read. */
async function missedSince(
  store: ChatStore,
  { key: room, seq }: Room,
  cursor: number,
  bytes: number,
): Promise<Batches> {
  if (cursor === seq) return { messages: [], left: bytes, isWhole: true };
  return readUpTo(bytes, (last) => store.messages.after(room, last?.seq ?? cursor, BATCH));
}

/** Messages that were read batch by batch. */
interface Batches {
  readonly messages: readonly Message[];
  /** Bytes that are left for others. */
  readonly left: number;
  /** Whether there are no more. */
  readonly isWhole: boolean;
}

/** Messages batch by batch, until there are no more or `bytes` are full. `read` gets the last one that is there. */
async function readUpTo(
  bytes: number,
  read: (last: Message | undefined) => Promise<readonly Message[]>,
): Promise<Batches> {
  const messages: Message[] = [];
  let left = bytes;
  for (;;) {
    const batch = await read(messages.at(-1));
    for (const message of batch) {
      const size = responseBytes(message);
      if (size > left) return { messages, left, isWhole: false };
      left -= size;
      messages.push(message);
    }
    if (batch.length < BATCH) return { messages, left, isWhole: true };
  }
}

async function newestPage(store: ChatStore, { key: room, epoch, seq, revision }: Room): Promise<PartialState> {
  const messages = seq === 0 ? [] : await newestThatFit(store, room);
  return { room, epoch, seq: messages.at(-1)?.seq ?? seq, revision, messages, changed: [], recovered: false };
}

/**
 * The newest messages before a position (of all, without one) that fit into one response, oldest first. Read in parts:
 * of a room with long messages, a whole page would be several times what fits.
 */
export async function newestThatFit(store: ChatStore, room: string, cursor?: number): Promise<readonly Message[]> {
  let messages: readonly Message[] = [];
  let left = RESPONSE_BYTES;
  for (;;) {
    const limit = Math.min(PART, PAGE - messages.length);
    const part = await store.messages.before(room, messages[0]?.seq ?? cursor, limit);
    const first = part.findLastIndex((message) => {
      left -= responseBytes(message);
      return left < 0;
    });
    messages = [...part.slice(first + 1), ...messages];
    if (first >= 0 || part.length < PART || messages.length >= PAGE) return messages;
  }
}
