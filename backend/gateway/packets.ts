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

/** The answer to an event: a refusal, or null and a result. */
export function answerPacket(id: number, error: object | null, result?: unknown): string {
  return error ? `3${id}[${JSON.stringify(error)}]` : `3${id}[null,${JSON.stringify(result ?? null)}]`;
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

/** A packet as Engine.IO announces it before it is sent. */
interface OutgoingPacket {
  readonly type: string;
  readonly data?: unknown;
  readonly options: { wsPreEncodedFrame?: readonly Buffer[] };
}

/**
 * Has every message of a connection written in one piece. `ws` hands head and payload to the kernel apart, which costs a small message
 * a tenth of its time; Engine.IO takes the frame that it finds in a packet's options, where Socket.IO puts that of a broadcast, and
 * makes its own where it finds none. Packets of one broadcast share their options: theirs is joined once.
 */
export function joinFrames({ conn }: GatewaySocket): void {
  conn.on("packetCreate", joinFrame);
}

function joinFrame({ type, data, options }: OutgoingPacket): void {
  const { wsPreEncodedFrame: pieces } = options;
  if (pieces) {
    if (pieces.length > 1) options.wsPreEncodedFrame = [Buffer.concat(pieces)];
  } else if (type === "message" && typeof data === "string") options.wsPreEncodedFrame = [textFrame(`4${data}`)];
}
