import type { Duplex } from "node:stream";
import type { GatewaySocket } from "../gateway-socket.ts";
import { CAPS } from "../limits/caps/table.ts";
import { type EngineConnection, queuedBytes, queuedPackets } from "./engine-connection.ts";

/** An event that a client sends in the main namespace, not yet parsed. */
export interface EventPacket {
  /** The number by which the client recognizes the response; undefined when it waits for none. */
  readonly id: number | undefined;
  /** The JSON array of the event's name and arguments. */
  readonly json: string;
}

/**
 * Reads the head of an event packet, perhaps `/,`, perhaps a number, then a JSON array (Socket.IO protocol 5);
 * undefined for every other packet. Of an event with binary arguments the text alone counts: a placeholder is an
 * object, which no parameter may be.
 */
export function readEvent(packet: string): EventPacket | undefined {
  const head = HEAD.exec(packet);
  if (!head) return undefined;
  return { id: head[1] ? Number(head[1]) : undefined, json: packet.slice(head[0].length) };
}

/** An id of more digits would not be exact. */
const HEAD = /^(?:2|5[0-9]{1,2}-)(?:\/,)?([0-9]{0,15})(?=\[)/;

/** An event that a client sends in another namespace than the main one. */
export interface NamespaceEventPacket extends EventPacket {
  readonly namespace: string;
}

/** Reads the head of an event packet with a namespace; undefined for every other packet. */
export function readNamespaceEvent(packet: string): NamespaceEventPacket | undefined {
  const head = NAMESPACE_HEAD.exec(packet);
  if (!head?.[1]) return undefined;
  return { namespace: head[1], id: head[2] ? Number(head[2]) : undefined, json: packet.slice(head[0].length) };
}

const NAMESPACE_HEAD = /^(?:2|5[0-9]{1,2}-)(\/[^,]{1,64}),([0-9]{0,15})(?=\[)/;

/** A packet by which a client joins or leaves a namespace. */
export interface JoinPacket {
  readonly isJoin: boolean;
  /** As Socket.IO reads it: all between the packet's type and the first comma; `/` is the main one. */
  readonly namespace: string;
}

/** Reads the head of a CONNECT or DISCONNECT packet (Socket.IO protocol 5); undefined for every other packet. */
export function readJoin(packet: string): JoinPacket | undefined {
  const head = JOIN_HEAD.exec(packet);
  return head ? { isJoin: head[1] === "0", namespace: head[2] ?? "/" } : undefined;
}

const JOIN_HEAD = /^([01])(\/[^,]*)?/;

/** The refusal of a CONNECT packet, for Engine.IO to write. */
export function encodeJoinRefusal(namespace: string, { message, data }: Error & { readonly data?: unknown }): string {
  return `4${prefixOf(namespace)}${JSON.stringify({ message, data })}`;
}

/** The namespace in a packet, which follows the packet's type; empty for the main one. */
export const prefixOf = (namespace: string): string => (namespace === "/" ? "" : `${namespace},`);

/** A packet that is encoded once and sent to any number of clients. */
export interface EncodedPacket {
  readonly packet: string;
  /** The same as the connection carries it. */
  readonly frame: Buffer;
}

/** An event for clients in a namespace, whose `prefixOf` is given where it is not the main one. */
export const encodeEvent = (event: string, payload: unknown, prefix = ""): EncodedPacket =>
  encodePacket(`2${prefix}${JSON.stringify([event, payload])}`);

/** The response to an event: an error, or null and a result. */
export const encodeResponse = (id: number, error: object | null, result?: unknown, prefix = ""): EncodedPacket =>
  encodePacket(
    error ? `3${prefix}${id}[${JSON.stringify(error)}]` : `3${prefix}${id}[null,${JSON.stringify(result ?? null)}]`,
  );

/** Engine.IO marks a message with a 4. */
const encodePacket = (packet: string): EncodedPacket => ({ packet, frame: textFrame(`4${packet}`) });

/**
 * Sends a packet. It is written to the connection as a whole frame, which takes half the CPU of Engine.IO and `ws`; by
 * Engine.IO only where packets of its own wait to be written. A client with too many unread bytes is disconnected, so
 * that it reconnects and resumes. The bytes are measured before the packet is added.
 */
export function send({ conn, data }: GatewaySocket, { packet, frame }: EncodedPacket): void {
  const { connection, unsent } = data;
  if (!connection?.writable || !unsent || conn.readyState !== "open") return;
  const queued = queuedBytes(conn);
  let waiting = connection.writableLength + queued;
  if (waiting + frame.length > MAX_UNSENT) waiting = flushed(connection) + queued;
  if (waiting > 0 && waiting + frame.length > MAX_UNSENT) unsent.close(connection);
  else if (queued > 0) conn.write(packet);
  else writeBatched(data, connection, frame);
}

/** The sockets that were written to in this event loop turn. */
let corked: GatewaySocket["data"][] = [];

/**
 * Batches the writes of one event loop turn into one system call for each connection: the call costs more than the
 * bytes.
 */
function writeBatched(data: GatewaySocket["data"], connection: Duplex, frame: Buffer): void {
  if (connection.writableCorked === 0) {
    if (corked.length === 0) process.nextTick(uncork);
    connection.cork();
    corked.push(data);
  }
  connection.write(frame);
}

/** Writes the batch of this turn; returns the bytes that the kernel has not taken. */
function flushed(connection: Duplex): number {
  if (connection.writableCorked > 0) {
    connection.uncork();
    connection.cork();
  }
  return connection.writableLength;
}

function uncork(): void {
  const written = corked;
  corked = [];
  for (const { connection, unsent, client, identity } of written) {
    connection?.uncork();
    if (connection && connection.writableLength > 0 && client)
      unsent?.measure(connection, { address: client.key, user: identity?.user.id });
  }
}

/** Maximum bytes that a client has not read. */
export const MAX_UNSENT = CAPS.unsentBytes.connection;
/** Maximum packets that wait in Engine.IO, which writes one batch after the other. */
const MAX_QUEUED = 1000;

/** Whether a client has more unread bytes or packets than one that reads ever has. */
export function isUnread(conn: EngineConnection): boolean {
  return conn.request.socket.writableLength > MAX_UNSENT || queuedPackets(conn) > MAX_QUEUED;
}

/** A final text frame from a server (RFC 6455 5.2): not masked, head and payload in one piece. */
export function textFrame(payload: string): Buffer {
  const length = Buffer.byteLength(payload);
  const frame = emptyFrame(length);
  frame.write(payload, frame.length - length);
  return frame;
}

/** A frame with its head and space for so many bytes. */
function emptyFrame(length: number): Buffer {
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 0x81;
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  return frame;
}

/** The text of an Engine.IO packet in its frame, as a view. */
export function textOf({ frame }: EncodedPacket): Buffer {
  return frame.subarray(frame[1] === 127 ? 10 : frame[1] === 126 ? 4 : 2);
}

/** A packet that another node has encoded: the text of an Engine.IO packet, which is copied. */
export function receivedPacket(text: Uint8Array): EncodedPacket {
  const frame = emptyFrame(text.length);
  frame.set(text, frame.length - text.length);
  return {
    frame,
    get packet() {
      return textOf(this).toString("utf8", 1);
    },
  };
}
