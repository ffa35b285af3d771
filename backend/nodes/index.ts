/** The connection between several nodes: NATS, and the authentication of every packet that crosses it. */

export { NatsTransporter, NodesError } from "./nats-transporter.ts";
export { HEARTBEAT_SECONDS, NodeDiscoverer, SILENCE_SECONDS } from "./node-discoverer.ts";
export { createPacketAuthentication, type DropReason, type PacketAuthentication } from "./packet-authentication.ts";
