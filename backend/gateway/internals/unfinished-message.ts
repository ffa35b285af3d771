import type { WebSocket } from "ws";

/** The state of a message that has not ended: private to `ws` 8. */
interface Receiving {
  readonly _receiver?: {
    /** 0 between two frames. */
    readonly _state: number;
    /** The opcode of a message that goes on in the next frame, else 0. */
    readonly _fragmented: number;
    /** Bytes of the frame that has not ended. */
    readonly _bufferedBytes: number;
    /** Bytes of the message's earlier frames. */
    readonly _messageLength: number;
    /** Another list for each message. */
    readonly _fragments: readonly unknown[];
  };
}

/** Identifies the message that has begun on a connection and not ended; undefined between two messages. */
export function unfinishedMessage(webSocket: WebSocket): object | undefined {
  const { _receiver: receiver } = webSocket as unknown as Receiving;
  if (!receiver) return undefined;
  const hasBegun = receiver._state !== 0 || receiver._fragmented !== 0 || receiver._bufferedBytes > 0;
  return hasBegun ? receiver._fragments : undefined;
}

/** Bytes that a connection holds of that message. */
export function heldBytes(webSocket: WebSocket): number {
  const { _receiver: receiver } = webSocket as unknown as Receiving;
  return receiver ? receiver._bufferedBytes + receiver._messageLength : 0;
}
