import type { Duplex } from "node:stream";
import type { DefaultEventsMap, Server, Socket } from "socket.io";
import type { Identity } from "./identity.ts";
import type { UnsentBytes } from "./limits/caps/unsent-bytes.ts";
import type { Client } from "./limits/client-address.ts";

/** What the gateway remembers of a socket. Only files of this folder write it; nothing that an action does can. */
interface SocketData {
  /** What it is written to, once it is let in. */
  connection: Duplex;
  /** Where what waits for it is counted. */
  unsent: UnsentBytes;
  client: Client;
  identity: Identity;
  expiry: NodeJS.Timeout;
  /** Whether the features were told that it opened. */
  isOpened: boolean;
  /** Calls under way. */
  calls: number;
  /** The client was told to connect again: no new call is served, and the socket closes when the last call ends. */
  isMoving: boolean;
}
export type GatewaySocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, Partial<SocketData>>;
export type GatewayIo = Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, Partial<SocketData>>;
