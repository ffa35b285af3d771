import type { ChannelRemoval } from "../../contract/index.ts";
import type { Delivery } from "../../nodes/index.ts";
import { type EncodedPacket, receivedPacket, textOf } from "../internals/packets.ts";

/** An event for the sockets of a namespace, encoded. */
export interface NamespaceEvent {
  readonly namespace: string;
  readonly channel: string | undefined;
  readonly users: readonly string[] | undefined;
  readonly except: string | undefined;
  readonly packet: EncodedPacket;
}

/*
 * Deliveries between nodes for namespaces. The `channel` of such a delivery is the name of the namespace, which begins
 * with a slash, unlike the channels of the main namespace. Its `epoch`, which otherwise only stored entries have, is
 * the channel within the namespace, or empty.
 */

export const eventDelivery = ({ namespace, channel = "", users, except, packet }: NamespaceEvent): Delivery => ({
  ...{ kind: "event", channel: namespace, users, except, epoch: channel, position: 0, text: textOf(packet) },
});

export const removalDelivery = ({ namespace, channel, user }: ChannelRemoval): Delivery => ({
  ...{ kind: "left", channel: namespace, users: [user], except: undefined, epoch: channel, position: 0, text: NO_TEXT },
});

const NO_TEXT = new Uint8Array();

export const receivedNamespaceEvent = (delivery: Delivery): NamespaceEvent => {
  const { channel: namespace = "", epoch, users, except, text } = delivery;
  return { namespace, channel: epoch === "" ? undefined : epoch, users, except, packet: receivedPacket(text) };
};
