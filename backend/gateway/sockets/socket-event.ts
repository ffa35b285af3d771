import type { Broadcast, EventPosition } from "../../contract/index.ts";
import type { Delivery } from "../../nodes/index.ts";
import { emits } from "../../surface.ts";
import { type EncodedPacket, encodeEvent, receivedPacket, textOf } from "../internals/packets.ts";

/** An event for sockets of this node, from one of its services or from another node. */
export type SocketEvent = Omit<Delivery, "text"> & {
  /** The packet; it is encoded by the first call. */
  encoded(): EncodedPacket;
};

/** The event of a broadcast. Throws where the surface does not declare it. */
export function eventOf(broadcast: Broadcast): SocketEvent {
  const { channel, users, except, position, event, payload } = broadcast;
  if (!Object.hasOwn(emits, event)) throw new Error(`The surface emits no ${event}.`);
  return { ...positionMembers(position), channel, users, except, encoded: lazily(() => encodeEvent(event, payload)) };
}

/** An event of another node. Its text is copied, so that the rest of the packet can be freed. */
export function receivedEvent({ text, ...rest }: Delivery): SocketEvent {
  return { ...rest, encoded: lazily(() => receivedPacket(text)) };
}

/** The delivery of an event to other nodes. */
export function deliveryOf({ kind, channel, users, except, epoch, position, encoded }: SocketEvent): Delivery {
  return { kind, channel, users, except, epoch, position, text: textOf(encoded()) };
}

function positionMembers(position: EventPosition | undefined): Pick<SocketEvent, "kind" | "epoch" | "position"> {
  if (position === undefined) return { kind: "event", epoch: "", position: 0 };
  const { epoch } = position;
  return "seq" in position
    ? { kind: "entry", epoch, position: position.seq }
    : { kind: "change", epoch, position: position.revision };
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
