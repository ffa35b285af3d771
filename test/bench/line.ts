import { SOCKET_IO } from "./protocols.ts";
import type { WebSocketClient } from "./web-socket.ts";

/** A client that speaks just enough Socket.IO, so that it costs less than the server. */
export interface Line {
  readonly socket: WebSocketClient;
  onText: (text: string) => void;
}

/** Connects with a token, from an address of its own as the tunnel would name it. */
export async function line(port: number, token: string, address: string): Promise<Line> {
  const { socket } = await SOCKET_IO.connect(port, token, address);
  const one: Line = { socket, onText: () => undefined };
  socket.onText = (text) => (text === "2" ? socket.send("3") : one.onText(text));
  return one;
}

/** Sends a packet that asks for an acknowledgement, and waits for it. Throws what the server refuses. */
export function acknowledged(one: Line, packet: string): Promise<void> {
  return new Promise((resolve, reject) => {
    one.onText = (text) => {
      if (!text.startsWith("43")) return;
      if (text.startsWith("431[null")) resolve();
      else reject(new Error(text));
    };
    one.socket.send(`421${packet}`);
  });
}

/** The address of the nth client, of the networks that are for tests (RFC 2544). */
export const addressOf = (n: number) => `198.18.${n >> 8}.${n & 255}`;
