import type { Socket } from "socket.io-client";
import { RequestError } from "./requests.ts";

/**
 * Sends an event and waits for its acknowledgement, `timeoutMs` milliseconds at most. Rejects with a `RequestError`,
 * whose code is `OFFLINE` where there is no connection or no response came.
 */
export function emitForResponse(
  socket: Socket | undefined,
  timeoutMs: number,
  event: string,
  args: readonly unknown[],
): Promise<unknown> {
  if (!socket?.connected) return Promise.reject(offline());
  return new Promise((resolve, reject) => {
    // Socket.IO's timeout is the first argument; moleculer-io acknowledges with (error, result)
    const acknowledge = (
      timeout: Error | null,
      error: { code?: string; message?: string; field?: string; retryAfter?: number } | null,
      result: unknown,
    ) => {
      if (timeout) reject(offline());
      else if (error)
        reject(new RequestError(error.code ?? "INTERNAL", error.message ?? "Something went wrong.", error));
      else resolve(result);
    };
    socket.timeout(timeoutMs).emit(event, ...args, acknowledge);
  });
}

function offline(): RequestError {
  return new RequestError("OFFLINE", "There is no connection to the server.");
}
