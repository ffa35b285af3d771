import type { Broadcast } from "../contract/index.ts";
import type { Message } from "./shapes.ts";

const PREFIX = "chat:";

/** The gateway's channel of a room: its subscribers hear the room. */
export const channelOf = (room: string): string => `${PREFIX}${room}`;

/** The room of a channel of the chat. */
export const roomOf = (channel: string): string => channel.slice(PREFIX.length);

/** A message was sent: an entry of its room's channel. */
export const messageSent = (message: Message): Broadcast => ({
  channel: channelOf(message.room),
  event: "message",
  payload: message,
  position: { epoch: message.epoch, seq: message.seq },
});

/** A message was edited or deleted: a change of an entry. */
export const messageChanged = (message: Message): Broadcast => ({
  channel: channelOf(message.room),
  event: "messageChanged",
  payload: message,
  position: { epoch: message.epoch, revision: message.revision ?? 0 },
});
