import type { Socket } from "node:net";

/** Replaces what node:http calls on a connection when it has written the last response: `destroySoon` of node:net. */
export function afterLastResponse(connection: Socket, close: () => void): void {
  connection.destroySoon = close;
}
