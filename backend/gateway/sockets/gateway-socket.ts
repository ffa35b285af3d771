import type { Duplex } from "node:stream";
import type { DefaultEventsMap, Server, Socket } from "socket.io";
import type { DeviceState } from "../../chat/presence.ts";
import type { Identity } from "../identity.ts";
import type { UnsentBytes } from "../limits/caps/unsent-bytes.ts";
import type { Client } from "../limits/client-address.ts";

/** What the gateway remembers of a socket. Only this room writes it; nothing that an action does can. */
interface SocketData {
  /** What it is written to, once it is let in. */
  connection: Duplex;
  /** Where what waits for it is counted. */
  unsent: UnsentBytes;
  client: Client;
  identity: Identity;
  /** When it was asked whose token it has, by `performance.now`. */
  askedAt: number;
  expiry: NodeJS.Timeout;
  /** What it counts as among its user's devices; absent until it is let in. */
  device: DeviceState;
  /** Calls under way. */
  calls: number;
  /** The client was told to connect again: no new call is served, and the socket closes when the last call ends. */
  isMoving: boolean;
}
export type GatewaySocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, Partial<SocketData>>;
export type GatewayIo = Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, Partial<SocketData>>;
