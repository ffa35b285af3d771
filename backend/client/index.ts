/**
 * The typed client of the chat, for browsers and Node.js: sessions, one connection, calls and events. It has no views.
 */
export { ChatClient } from "./chat-client.ts";
export type { Announcement, ClientOptions, ClientState } from "./client-options.ts";
export type { Connect } from "./connection.ts";
export type { Keep, Pending } from "./outbox.ts";
export type { Typist } from "./people.ts";
export { type Backoff, type Fetch, RequestError } from "./requests.ts";
export type { RoomView } from "./room-view.ts";
export type { ClientEvent } from "./server-events.ts";
export type {
  AuditRecord,
  DeviceState,
  Listed,
  Member,
  Message,
  PresenceState,
  Profile,
  PublicRoom,
  Report,
  RoomState,
  RoomSummary,
  SessionInfo,
} from "./server-types.ts";
export { type Position, Timeline } from "./timeline.ts";
