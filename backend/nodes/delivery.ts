/** What a node sends to the sockets of other nodes: an event that is encoded already, or the end of a subscription. */
export interface Delivery {
  readonly kind: DeliveryKind;
  /** The channel whose subscribers receive the event; undefined when it goes to users alone, or to all sockets. */
  readonly channel: string | undefined;
  /** Users whose sockets receive the event as well. For `left`: the user whose sockets may not hear the channel. */
  readonly users: readonly string[] | undefined;
  /** A user whose sockets do not receive the event. */
  readonly except: string | undefined;
  /** Id of the channel's sequence of numbers, for `entry` and `change`; a new sequence has another one. */
  readonly epoch: string;
  /** For `entry` its number in the channel; for `change` and `left` the channel's revision; else 0. */
  readonly position: number;
  /** The event, encoded as the text of an Engine.IO packet; empty for `left`. */
  readonly text: Uint8Array;
}

/** `entry` and `change` have a position in their channel, so that each socket gets them once. */
type DeliveryKind = "event" | "entry" | "change" | "left";
const KINDS: readonly DeliveryKind[] = ["event", "entry", "change", "left"];

/*
 * A delivery as bytes. Numbers are big-endian; each text has its length in 2 bytes before it (4 for the event).
 *
 *   length of the rest (4), kind (1), flags (1), position (6), channel, epoch, except, number of users (2), users,
 *   event
 */
const LENGTH_BYTES = 4;
const POSITION_BYTES = 6;
const FIXED_BYTES = LENGTH_BYTES + 2 + POSITION_BYTES;
const TEXT_LENGTH_BYTES = 2;
const FLAGS = { channel: 1, users: 2, except: 4 } as const;
const MAX_TEXT_BYTES = 0xffff;

/** Length of a delivery in bytes. */
export function deliveryBytes({ channel = "", users = [], except = "", epoch, text }: Delivery): number {
  let bytes = FIXED_BYTES + 4 * TEXT_LENGTH_BYTES + LENGTH_BYTES + text.length;
  for (const short of [channel, epoch, except]) bytes += Buffer.byteLength(short);
  for (const user of users) bytes += TEXT_LENGTH_BYTES + Buffer.byteLength(user);
  return bytes;
}

/** Writes a delivery at an offset; returns the offset after it. */
export function writeDelivery(into: Buffer, start: number, delivery: Delivery): number {
  const { kind, channel, users, except, epoch, position, text } = delivery;
  const flags =
    (channel === undefined ? 0 : FLAGS.channel) | (users ? FLAGS.users : 0) | (except === undefined ? 0 : FLAGS.except);
  let at = start + LENGTH_BYTES;
  into[at] = KINDS.indexOf(kind);
  into[at + 1] = flags;
  into.writeUIntBE(position, at + 2, POSITION_BYTES);
  at = start + FIXED_BYTES;
  for (const short of [channel ?? "", epoch, except ?? ""]) at = writeText(into, at, short);
  at = into.writeUInt16BE(users?.length ?? 0, at);
  for (const user of users ?? []) at = writeText(into, at, user);
  at = into.writeUInt32BE(text.length, at);
  into.set(text, at);
  at += text.length;
  into.writeUInt32BE(at - start - LENGTH_BYTES, start);
  return at;
}

function writeText(into: Buffer, at: number, text: string): number {
  const bytes = into.write(text, at + TEXT_LENGTH_BYTES);
  if (bytes > MAX_TEXT_BYTES)
    throw new Error(`invariant: a channel or user has at most ${MAX_TEXT_BYTES} bytes, not ${bytes}`);
  into.writeUInt16BE(bytes, at);
  return at + TEXT_LENGTH_BYTES + bytes;
}

/** Thrown for bytes that are no delivery. An authentic packet has none: a node of this version wrote it. */
class MalformedDelivery extends Error {}

/**
 * Reads the deliveries of a packet one after the other. Those to a channel that `isWanted` rejects are skipped before
 * the rest of them is read. Returns false when bytes are malformed; the deliveries before them were received.
 *
 * @param receive gets a delivery whose `text` is a view of these bytes
 */
export function readDeliveries(
  bytes: Buffer,
  isWanted: (channel: string) => boolean,
  receive: (delivery: Delivery) => void,
): boolean {
  let at = 0;
  try {
    while (at < bytes.length) {
      const end = at + LENGTH_BYTES + readUint(bytes, at, LENGTH_BYTES, bytes.length);
      if (end > bytes.length) return false;
      const delivery = readDelivery(bytes, at, end, isWanted);
      if (delivery) receive(delivery);
      at = end;
    }
    return true;
  } catch (error) {
    if (error instanceof MalformedDelivery) return false;
    throw error;
  }
}

function readDelivery(
  bytes: Buffer,
  start: number,
  end: number,
  isWanted: (channel: string) => boolean,
): Delivery | undefined {
  const head = start + LENGTH_BYTES;
  const kind = KINDS[readUint(bytes, head, 1, end)];
  const flags = readUint(bytes, head + 1, 1, end);
  const position = readUint(bytes, head + 2, POSITION_BYTES, end);
  let at = start + FIXED_BYTES;
  const readText = () => {
    const from = at + TEXT_LENGTH_BYTES;
    const to = from + readUint(bytes, at, TEXT_LENGTH_BYTES, end);
    if (to > end) throw new MalformedDelivery();
    at = to;
    return bytes.toString("utf8", from, to);
  };
  const channel = readText();
  if ((flags & FLAGS.users) === 0 && (flags & FLAGS.channel) !== 0 && !isWanted(channel)) return undefined;
  const epoch = readText();
  const except = readText();
  const count = readUint(bytes, at, TEXT_LENGTH_BYTES, end);
  at += TEXT_LENGTH_BYTES;
  const users: string[] = [];
  for (let n = 0; n < count; n += 1) users.push(readText());
  const textAt = at + LENGTH_BYTES;
  if (kind === undefined || textAt + readUint(bytes, at, LENGTH_BYTES, end) !== end) throw new MalformedDelivery();
  return {
    ...{ kind, epoch, position },
    channel: flags & FLAGS.channel ? channel : undefined,
    users: flags & FLAGS.users ? users : undefined,
    except: flags & FLAGS.except ? except : undefined,
    text: bytes.subarray(textAt, end),
  };
}

function readUint(bytes: Buffer, at: number, size: number, end: number): number {
  if (at + size > end) throw new MalformedDelivery();
  return size === 1 ? (bytes[at] ?? 0) : bytes.readUIntBE(at, size);
}
