/**
 * The typed client of the chat, for browsers and Node.js: sessions, one connection, calls and events. It has no views.
 */
export { ChatClient } from "./chat/chat-client.ts";
export type { Keep, Pending } from "./chat/outbox.ts";
export type { Typist } from "./chat/people.ts";
export type { RoomView } from "./chat/room-view.ts";
export { type Position, Timeline } from "./chat/timeline.ts";
export type { Announcement, ClientOptions, ClientState } from "./client-options.ts";
export type { Connect } from "./connection.ts";
export { type Backoff, type Fetch, RequestError } from "./requests.ts";
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
