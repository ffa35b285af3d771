import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

/** What is read from any connection stands here until the next read: nothing keeps a part of it. */
const READ = Buffer.allocUnsafe(256 * 1024);
const MASK = randomBytes(4);
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/**
 * A WebSocket client (RFC 6455) that does so little that one core of clients keeps up with the fastest server. Texts in
 * ASCII only, no fragments, no extensions; whether the server's handshake is right is not checked.
 */
export class WebSocketClient {
  onText: (text: string) => void = ignore;
  /** Called once, when the connection is gone or could not be made. */
  onClose: () => void = ignore;
  readonly #socket: Socket;
  #rest: Buffer | undefined;
  #opened: (() => void) | undefined;

  /** Connects to 127.0.0.1. `opened` is called when texts may be sent. */
  constructor(port: number, path: string, headers: Readonly<Record<string, string>>, opened: () => void) {
    this.#opened = opened;
    const onread = { buffer: READ, callback: (bytes: number) => this.#read(bytes) };
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
    this.#socket.on("error", ignore);
    this.#socket.once("close", () => this.onClose());
    const given = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const key = randomBytes(16).toString("base64");
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${given.join("")}\r\n`,
    );
  }

  send(text: string): void {
    this.#socket.write(frameOf(TEXT, text));
  }

  /** Cuts the connection without a closing handshake. */
  terminate(): void {
    this.#socket.destroy();
  }

  #read(bytes: number): boolean {
    const data = this.#rest ? Buffer.concat([this.#rest, READ.subarray(0, bytes)]) : READ;
    const end = (this.#rest?.length ?? 0) + bytes;
    this.#rest = undefined;
    let at = this.#opened ? this.#readHead(data, end) : 0;
    while (!this.#opened && at + 2 <= end) {
      const short = (data[at + 1] ?? 0) & 127;
      const head = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (at + head > end) break;
      const length = short === 127 ? data.readUInt32BE(at + 6) : short === 126 ? data.readUInt16BE(at + 2) : short;
      if (at + head + length > end) break;
      const payload = data.toString("latin1", at + head, at + head + length);
      const opcode = (data[at] ?? 0) & 15;
      at += head + length;
      if (opcode === TEXT) this.onText(payload);
      else if (opcode === PING) this.#socket.write(frameOf(PONG, payload));
      else if (opcode === CLOSE) this.#socket.destroy();
    }
    if (at < end) this.#rest = Buffer.from(data.subarray(at, end));
    return true;
  }

  /** Where the first frame begins; 0 while the head of the handshake's response is not whole. */
  #readHead(data: Buffer, end: number): number {
    const head = data.toString("latin1", 0, end);
    const length = head.indexOf("\r\n\r\n") + 4;
    if (length < 4) return 0;
    if (!head.startsWith("HTTP/1.1 101")) this.#socket.destroy();
    else this.#opened?.();
    this.#opened = undefined;
    return length;
  }
}

/** A masked frame of at most 65,535 bytes. */
function frameOf(opcode: number, text: string): Buffer {
  const { length } = text;
  const head = length < 126 ? 2 : 4;
  const frame = Buffer.allocUnsafe(head + 4 + length);
  frame[0] = 128 | opcode;
  frame[1] = 128 | Math.min(length, 126);
  if (head === 4) frame.writeUInt16BE(length, 2);
  MASK.copy(frame, head);
  frame.write(text, head + 4, "latin1");
  for (let i = 0; i < length; i += 1) frame[head + 4 + i] = (frame[head + 4 + i] ?? 0) ^ (MASK[i & 3] ?? 0);
  return frame;
}

function ignore(): void {}
