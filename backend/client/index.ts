/** The typed client of the chat, for browsers and Node.js: sessions, one connection, calls and events. It has no views. */
export { type Announcement, ChatClient, type ClientOptions, type ClientState, type RoomView } from "./chat-client.ts";
export type { Connect, DeviceState } from "./connection.ts";
export type { Keep, Pending } from "./outbox.ts";
export type { Typist } from "./people.ts";
export { RequestError } from "./requests.ts";
export { type Position, Timeline } from "./timeline.ts";
