import type { Broadcast } from "../contract/index.ts";
import type { Message } from "./shapes.ts";

const CHANNEL_PREFIX = "chat:";

/** The gateway's channel of a room: its subscribers get the room's events. */
export const channelOf = (room: string): string => `${CHANNEL_PREFIX}${room}`;

/** The key of the room that a channel belongs to. */
export const roomOf = (channel: string): string => channel.slice(CHANNEL_PREFIX.length);

/** The broadcast of a new message, as an entry of its room's channel. */
export const messageSent = (message: Message): Broadcast => ({
  channel: channelOf(message.room),
  event: "message",
  payload: message,
  position: { epoch: message.epoch, seq: message.seq },
});

/** The broadcast of an edited or deleted message, as a change of an entry. */
export const messageChanged = (message: Message): Broadcast => ({
  channel: channelOf(message.room),
  event: "messageChanged",
  payload: message,
  position: { epoch: message.epoch, revision: message.revision ?? 0 },
});
