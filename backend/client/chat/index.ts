/** The chat's part of the client: rooms, messages, presence. */
export { type Announcement, Chat, type ChatClientOptions } from "./chat.ts";
export type { Member, Message, PresenceState, PublicRoom, Report, RoomSummary } from "./chat-types.ts";
export type { OutboxStorage, Pending } from "./outbox.ts";
export type { Typist } from "./people.ts";
export type { RoomView } from "./room-view.ts";
export type { Position, Timeline } from "./timeline.ts";
