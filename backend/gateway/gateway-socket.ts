import type { Duplex } from "node:stream";
import type { DefaultEventsMap, Server, Socket } from "socket.io";
import type { Identity } from "./identity.ts";
import type { UnsentBytes } from "./limits/caps/unsent-bytes.ts";
import type { Client } from "./limits/client-address.ts";

/** What the gateway stores for each socket. Only the gateway writes it; no action can. */
interface SocketData {
  /** The connection that frames are written to, once the socket is authorized. */
  connection: Duplex;
  /** Counts the bytes that wait for the client. */
  unsent: UnsentBytes;
  client: Client;
  identity: Identity;
  /** Whether `opened` of the features was called. */
  isOpened: boolean;
  /** Events of the client that are running. */
  runningCalls: number;
  /** Whether the client was told to reconnect: new calls are refused, and the socket closes after the last call. */
  isMoving: boolean;
}
export type GatewaySocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, Partial<SocketData>>;
export type GatewayIo = Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, Partial<SocketData>>;
