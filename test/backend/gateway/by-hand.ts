import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A WebSocket's handshake, without the empty line at its end. */
export const HANDSHAKE =
  "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/**
 * Opens a WebSocket by hand as a client at this address; returns the status and the connection. With `allowHalfOpen`
 * the client does not close its half when the gateway does.
 */
export async function handshake(
  port: number,
  ip: string,
  allowHalfOpen = false,
): Promise<{ status: string; connection: Socket }> {
  const connection = connect({ port, host: "127.0.0.1", allowHalfOpen });
  connection.on("error", () => undefined);
  connection.write(`${HANDSHAKE}cf-connecting-ip: ${ip}\r\n\r\n`);
  const [first] = (await once(connection, "data")) as [Buffer];
  return { status: first.toString("latin1").slice(9, 12), connection };
}

/** The same, and signs in with this access token; resolves when the gateway has accepted it. */
export async function connectSignedIn(port: number, ip: string, token: string): Promise<Socket> {
  const { connection } = await handshake(port, ip);
  let text = "";
  connection.write(frame(TEXT, `40${JSON.stringify({ token })}`));
  while (!text.includes("40{")) {
    const [chunk] = (await once(connection, "data")) as [Buffer];
    text += chunk.toString("latin1");
  }
  return connection;
}

export const [CONTINUATION, TEXT, BINARY, PING, PONG] = [0, 1, 2, 9, 10];

/** A frame as a client sends it, masked with zeros (RFC 6455 5.2); up to 65,535 bytes. */
export function frame(opcode: number, payload = "", isFinal = true): Buffer {
  const first = (isFinal ? 0x80 : 0) | opcode;
  const { length } = payload;
  const head = length < 126 ? [first, 0x80 | length] : [first, 0x80 | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), Buffer.from(payload)]);
}

/**
 * Resolves when the gateway has closed the connection; reads on until then. Rejects after four seconds: the gateway's
 * own timeouts are longer, so a test does not pass because of one of them.
 */
export function untilClosed(connection: Socket): Promise<void> {
  if (connection.destroyed || connection.readableEnded) return Promise.resolve();
  connection.resume();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("The connection was not closed.")), 4_000);
    const isClosed = () => {
      clearTimeout(timer);
      resolve();
    };
    connection.once("end", isClosed).once("close", isClosed);
  });
}
