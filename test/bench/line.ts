import { WebSocket } from "ws";

/** A client that speaks just enough Socket.IO, so that it costs less than the server. */
export interface Line {
  readonly socket: WebSocket;
  onText: (text: string) => void;
}

/** Connects with a token, from an address of its own as the tunnel would name it. */
export async function line(port: number, token: string, address: string): Promise<Line> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
    headers: { "cf-connecting-ip": address },
    perMessageDeflate: false,
  });
  const one: Line = { socket, onText: () => undefined };
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (data: Buffer) => {
      const text = data.toString();
      if (text[0] === "0") socket.send(`40${JSON.stringify({ token })}`);
      else if (text === "2") socket.send("3");
      else if (text.startsWith("40")) resolve();
      else if (text.startsWith("44")) reject(new Error(text));
      else one.onText(text);
    });
  });
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
