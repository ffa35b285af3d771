/** The connections between several nodes over NATS, and the authentication of every packet that crosses them. */

export type { Delivery } from "./delivery.ts";
export { DropLog } from "./drop-log.ts";
export { isNatsResponding } from "./nats-responding.ts";
export { NatsTransporter, NodesError } from "./nats-transporter.ts";
export { NodeChannel } from "./node-channel.ts";
export { HEARTBEAT_SECONDS, NodeDiscoverer, SILENCE_SECONDS } from "./node-discoverer.ts";
export { PacketAuthentication } from "./packet-authentication.ts";
export { StreamFlow } from "./stream-flow.ts";
