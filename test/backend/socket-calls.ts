import type { Socket } from "socket.io-client";
import { resultDifferences } from "./openapi-differences.ts";

/**
 * Emits an event and resolves with its acknowledgement: the result or the refusal. Rejects after 30 seconds, and for a
 * checked socket when the acknowledgement of a call is not as the OpenAPI document describes it.
 */
export function emit(
  socket: Socket,
  ...args: unknown[]
): Promise<{ error: { code: string; field?: string } | null; result?: unknown }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no acknowledgement within 30 s")), 30_000);
    const [event, ...rest] = args;
    socket.emit(event as string, ...rest, (error: { code: string } | null, result: unknown) => {
      clearTimeout(timer);
      const differences =
        checkedSockets.has(socket) && event === "call" ? resultDifferences(String(rest[0]), error, result) : [];
      if (differences.length > 0) reject(new Error(differences.join("\n")));
      else resolve({ error, result });
    });
  });
}

/** Sockets whose calls have to be acknowledged as the OpenAPI document describes it. */
export const checkedSockets = new WeakSet<Socket>();

/** Resolves with the reason when the socket is disconnected. */
export function disconnected(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once("disconnect", (reason) => resolve(reason)));
}
