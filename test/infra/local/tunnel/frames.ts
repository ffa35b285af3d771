import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";

/** A masked WebSocket frame as a client sends it (RFC 6455 5.2). */
export function clientFrame(payload: Buffer, binary: boolean): Buffer {
  const length = payload.length;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header.writeUInt8(binary ? 0x82 : 0x81, 0);
  header.writeUInt8(0x80 | (length < 126 ? length : length < 65_536 ? 126 : 127), 1);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  return Buffer.concat([header, mask, payload.map((byte, index) => byte ^ mask[index & 3]!)]);
}

/** Reads one unmasked frame's payload. */
export async function serverFrame(stream: Duplex): Promise<Buffer> {
  const [, short] = await take(stream, 2);
  let length = short! & 0x7f;
  if (length === 126) length = (await take(stream, 2)).readUInt16BE(0);
  else if (length === 127) length = Number((await take(stream, 8)).readBigUInt64BE(0));
  return take(stream, length);
}

/** Reads exactly so many bytes. */
export async function take(stream: Duplex, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let left = length; left > 0; ) {
    const chunk: Buffer | null = stream.read(Math.min(left, stream.readableLength || 1));
    if (chunk) {
      parts.push(chunk);
      left -= chunk.length;
    } else await once(stream, "readable");
  }
  return Buffer.concat(parts);
}
