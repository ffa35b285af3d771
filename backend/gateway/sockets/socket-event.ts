import type { Broadcast } from "../../contract/index.ts";
import type { Delivery } from "../../nodes/index.ts";
import { emits } from "../../surface.ts";
import { type EncodedPacket, encodeEvent, receivedPacket, textOf } from "../internals/packets.ts";

/** An event for sockets of this node, from one of its services or from another node. */
export type SocketEvent = Omit<Delivery, "text"> & {
  /** The packet, encoded when it is first asked for. */
  encoded(): EncodedPacket;
};

/** Throws for an event that the surface does not declare. */
export function eventOf(broadcast: Broadcast): SocketEvent {
  if (!Object.hasOwn(emits, broadcast.event)) throw new Error(`The surface emits no ${broadcast.event}.`);
  const { room, users, except } = broadcast;
  return {
    ...positionOf(broadcast),
    room,
    users,
    except,
    encoded: once(() => encodeEvent(broadcast.event, broadcast.payload)),
  };
}

/** An event that another node has sent; its text is copied, so that it keeps nothing else alive that came with it. */
export function receivedEvent({ text, ...rest }: Delivery): SocketEvent {
  return { ...rest, encoded: once(() => receivedPacket(text)) };
}

/** What other nodes get. */
export function deliveryOf({ kind, room, users, except, epoch, position, encoded }: SocketEvent): Delivery {
  return { kind, room, users, except, epoch, position, text: textOf(encoded()) };
}

function positionOf(broadcast: Broadcast): Pick<SocketEvent, "kind" | "epoch" | "position"> {
  switch (broadcast.event) {
    case "message":
      return { kind: "message", epoch: broadcast.payload.epoch, position: broadcast.payload.seq };
    case "messageChanged":
      return { kind: "changed", epoch: broadcast.payload.epoch, position: broadcast.payload.revision ?? 0 };
    default:
      return { kind: "event", epoch: "", position: 0 };
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
