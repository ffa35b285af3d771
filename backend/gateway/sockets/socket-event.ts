import type { Broadcast, EventPosition } from "../../contract/index.ts";
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
  const { channel, users, except, position, event, payload } = broadcast;
  if (!Object.hasOwn(emits, event)) throw new Error(`The surface emits no ${event}.`);
  return { ...numbersOf(position), channel, users, except, encoded: once(() => encodeEvent(event, payload)) };
}

/** An event that another node has sent; its text is copied, so that it keeps nothing else alive that came with it. */
export function receivedEvent({ text, ...rest }: Delivery): SocketEvent {
  return { ...rest, encoded: once(() => receivedPacket(text)) };
}

/** What other nodes get. */
export function deliveryOf({ kind, channel, users, except, epoch, position, encoded }: SocketEvent): Delivery {
  return { kind, channel, users, except, epoch, position, text: textOf(encoded()) };
}

function numbersOf(position: EventPosition | undefined): Pick<SocketEvent, "kind" | "epoch" | "position"> {
  if (position === undefined) return { kind: "event", epoch: "", position: 0 };
  const { epoch } = position;
  return "seq" in position
    ? { kind: "entry", epoch, position: position.seq }
    : { kind: "change", epoch, position: position.revision };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
