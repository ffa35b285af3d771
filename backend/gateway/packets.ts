import type { Duplex } from "node:stream";
import type { GatewaySocket } from "./gateway-socket.ts";

/** An event that a client sends in the main namespace, not yet parsed. */
export interface EventPacket {
  /** The number under which the client waits for an answer; undefined when it waits for none. */
  readonly id: number | undefined;
  /** The JSON array of the event's name and arguments. */
  readonly json: string;
}

/**
 * Reads the head of an event packet, perhaps `/,`, perhaps a number, then a JSON array (Socket.IO protocol 5); undefined for every
 * other packet. Of an event with binary arguments the text alone counts: a placeholder is an object, which no parameter may be.
 */
export function readEvent(packet: string): EventPacket | undefined {
  const head = HEAD.exec(packet);
  if (!head) return undefined;
  return { id: head[1] ? Number(head[1]) : undefined, json: packet.slice(head[0].length) };
}

/** An id of more digits would not be exact. */
const HEAD = /^(?:2|5[0-9]{1,2}-)(?:\/,)?([0-9]{0,15})(?=\[)/;

/** A packet on its way to any number of clients, made once. */
export interface Letter {
  readonly packet: string;
  /** The same as the connection carries it. */
  readonly frame: Buffer;
}

/** An event for clients in the main namespace. */
export const eventLetter = (event: string, payload: unknown): Letter => letter(`2${JSON.stringify([event, payload])}`);

/** The answer to an event: a refusal, or null and a result. */
export const answerLetter = (id: number, error: object | null, result?: unknown): Letter =>
  letter(error ? `3${id}[${JSON.stringify(error)}]` : `3${id}[null,${JSON.stringify(result ?? null)}]`);

const letter = (packet: string): Letter => ({ packet, frame: textFrame(`4${packet}`) }); // 4: a message of Engine.IO

/**
 * Sends a packet: as a whole frame into the connection when nothing waits there before it, which costs half of what the way through
 * Engine.IO and `ws` does; else by that way, after what waits. Who does not read while more and more is waiting is cut off: the
 * client comes back and resumes.
 */
export function send({ conn, data }: GatewaySocket, { packet, frame }: Letter): void {
  const { connection } = data;
  if (!connection?.writable || conn.readyState !== "open") return;
  if (conn.transport.writable) {
    if (connection.writableLength > MAX_UNSENT) connection.destroy();
    else writeWithCompany(connection, frame);
  } else if (isUnread(conn)) connection.destroy();
  else conn.write(packet);
}

/** Connections that something was written to in this turn of the event loop. */
let corked: Duplex[] = [];

/** Writes when the turn is over, all that there is for a connection at once: a system call costs more than what it carries. */
function writeWithCompany(connection: Duplex, frame: Buffer): void {
  if (connection.writableCorked === 0) {
    if (corked.length === 0) process.nextTick(uncork);
    connection.cork();
    corked.push(connection);
  }
  connection.write(frame);
}

function uncork(): void {
  const written = corked;
  corked = [];
  for (const connection of written) connection.uncork();
}

/** Bytes that may wait for a client to read what was sent before. */
export const MAX_UNSENT = 1024 * 1024;
/** Packets that may wait behind them in Engine.IO, which writes one batch after the other. */
const MAX_QUEUED = 1000;

/** Whether more waits for a client than one that reads would ever leave. */
export function isUnread(conn: GatewaySocket["conn"]): boolean {
  const { writeBuffer } = conn as unknown as { readonly writeBuffer: readonly unknown[] };
  return conn.request.socket.writableLength > MAX_UNSENT || writeBuffer.length > MAX_QUEUED;
}

/** A final text frame from a server (RFC 6455 5.2): not masked, head and payload in one piece. */
export function textFrame(payload: string): Buffer {
  const length = Buffer.byteLength(payload);
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
  frame.write(payload, head);
  return frame;
}
