/**
 * The typed client of the chat, for browsers and Node.js: sessions, one connection, calls and events. It has no views.
 */
export type { Message, RoomState } from "../surface/rooms.ts";
export {
  type Announcement,
  ChatClient,
  type ClientEvent,
  type ClientOptions,
  type ClientState,
  type RoomView,
} from "./chat-client.ts";
export type { Connect, DeviceState } from "./connection.ts";
export type { Keep, Pending } from "./outbox.ts";
export type { Typist } from "./people.ts";
export { type Backoff, type Fetch, RequestError } from "./requests.ts";
export { type Position, Timeline } from "./timeline.ts";
