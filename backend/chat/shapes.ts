import {
  boolean,
  constant,
  named,
  nullable,
  object,
  oneOf,
  optional,
  type TypeOf,
  unbounded,
} from "../surface/grammar.ts";
import { ROOM_ROLES } from "./constants.ts";

export { ROOM_ROLES };
export type RoomRole = (typeof ROOM_ROLES)[number];

/**
 * `public`: every user can find it by its name and join. `private`: only invited users can join. `direct`: two users.
 * For users who are not in it, a private or direct room does not exist.
 */
const ROOM_KINDS = ["public", "private", "direct"] as const;
export type RoomKind = (typeof ROOM_KINDS)[number];

/** What happened to a user's membership, in the event `membership`. */
const MEMBERSHIP_CHANGES = [
  "joined",
  "left",
  "invited",
  "role",
  "muted",
  "unmuted",
  "kicked",
  "banned",
  "unbanned",
] as const;
export type MembershipChange = (typeof MEMBERSHIP_CHANGES)[number];

/** `away`: all devices of the user show something else. */
const PRESENCE_STATES = ["online", "away", "offline"] as const;
export type PresenceState = (typeof PRESENCE_STATES)[number];
/** The state of one device, which its client sets. */
export type DeviceState = Exclude<PresenceState, "offline">;

/** `removed`: the message was deleted. `dismissed`: it stays. */
export const REPORT_OUTCOMES = ["removed", "dismissed"] as const;
export type ReportOutcome = (typeof REPORT_OUTCOMES)[number];

const text = unbounded.string();
const count = unbounded.integer();
const time = unbounded.integer({ description: "Milliseconds since 1970." });
const room = unbounded.string({ description: "Key of the room." });
const epoch = unbounded.string({
  description: "Identifies the numbering of the room's messages; a position is valid in its epoch alone.",
});
const newest = unbounded.integer({ description: "Position of the newest message; 0 when there is none." });
const kind = oneOf(ROOM_KINDS);
const role = oneOf(ROOM_ROLES);
const mutedUntil = nullable(unbounded.integer(), {
  description: "Milliseconds since 1970; null while the member may write.",
});

export const message = named("Message", "A message, as all members of the room see it.", {
  room,
  seq: unbounded.integer({ description: "Position in the room: 1, 2, 3 ... without gaps within one epoch." }),
  epoch,
  author: object({ id: text, name: text }),
  text: unbounded.string({ description: "Empty when the message was deleted." }),
  at: unbounded.integer({ description: "Milliseconds since 1970, by the server's clock." }),
  clientId: unbounded.string({
    description: "The id that the sending client has given it: a retry with the same id is the same message.",
  }),
  mentions: optional(
    unbounded.array(text, { description: "Ids of the members whose names follow an `@` in the text." }),
  ),
  revision: optional(
    unbounded.integer({
      description:
        "The room's revision at the message's last change; missing while it is unchanged, like the two times below.",
    }),
  ),
  editedAt: optional(time),
  deletedAt: optional(time),
});
export type Message = TypeOf<typeof message>;

export const roomState = named("RoomState", "What a client gets of a room's messages.", {
  room,
  epoch,
  seq: newest,
  revision: unbounded.integer({
    description:
      "The room's revision up to which the client has all changes now; the client sends it when it joins again.",
  }),
  messages: unbounded.array(message),
  changed: unbounded.array(message, {
    description: "Messages up to the client's position that were edited or deleted since its revision.",
  }),
  recovered: boolean({
    description:
      "True: `messages` and `changed` are everything since the client's position. False: `messages` is the newest " +
      "page; what lies between is unknown.",
  }),
});
export type RoomState = TypeOf<typeof roomState>;

export const joinedRoom = named("JoinedRoom", "What joining a room returns.", {
  ...roomState.properties,
  kind,
  role,
  since: unbounded.integer({
    description: "The room's revision when the user joined: the end of an earlier membership does not end this one.",
  }),
  more: optional({
    ...constant(true),
    description:
      "Present when one response could not hold everything since the client's position: join again from the last " +
      "message and revision here.",
  }),
});

export const roomSummary = named("RoomSummary", "A room, as a user sees it who is in it or invited to it.", {
  room,
  kind,
  title: unbounded.string({
    description: "The name of a public room, the title of a private one, the name of the other user in a direct one.",
  }),
  peerId: optional(unbounded.string({ description: "Id of the other user in a direct room." })),
  peerState: optional(
    oneOf(PRESENCE_STATES, {
      description: "Presence of the other user in a direct room; missing when that user has left it.",
    }),
  ),
  role: nullable(role, {
    description: "null while the user is only invited: `chat.join` accepts, `chat.leave` declines.",
  }),
  members: count,
  epoch,
  seq: newest,
  read: unbounded.integer({ description: "Position up to which the user has read." }),
  unread: count,
  mutedUntil,
});
export type RoomSummary = TypeOf<typeof roomSummary>;

export const publicRoom = named("PublicRoom", "A public room, as every user finds it.", { room, members: count });
export type PublicRoom = TypeOf<typeof publicRoom>;

export const member = named("Member", "A member of a room.", {
  id: text,
  name: text,
  role,
  mutedUntil: optional(
    unbounded.integer({
      description: "Milliseconds since 1970; present while the member is muted, for moderators of the room.",
    }),
  ),
});
export type Member = TypeOf<typeof member>;

export const memberChanged = named("MemberChanged", "A member after a change.", {
  room,
  user: text,
  role: nullable(role, { description: "null for a user who is not in the room." }),
  mutedUntil,
});
export type MemberChanged = TypeOf<typeof memberChanged>;

export const membership = named("Membership", "What happened to a membership of the user.", {
  ...memberChanged.properties,
  change: oneOf(MEMBERSHIP_CHANGES),
  kind,
  by: optional(unbounded.string({ description: "The user who did it; missing when it was the same user." })),
});

export const report = named("Report", "A message that was reported, as site moderators read it.", {
  id: unbounded.string({ description: "Sorts by time." }),
  at: time,
  reporterId: text,
  reason: text,
  room,
  seq: unbounded.integer({ description: "Position of the message." }),
  authorId: text,
  text: unbounded.string({
    description: "The message's text when it was reported: moderators read it here, without entering the room.",
  }),
});
export type Report = TypeOf<typeof report>;

export const presence = named("Presence", "The presence of a user.", {
  id: text,
  state: oneOf(PRESENCE_STATES),
});
export type Presence = TypeOf<typeof presence>;

export const roomPresence = named("RoomPresence", "Which members of a room are present.", {
  room,
  users: unbounded.array(presence, { description: "Those who are online or away." }),
  complete: boolean({ description: "False in a large room, where only some of the members were looked up." }),
});

const readMark = named("ReadMark", "How far a user has read a room. It only ever grows within an epoch.", {
  user: text,
  seq: unbounded.integer({ description: "Position of the newest message that was seen; 0 for none." }),
});
export type ReadMark = TypeOf<typeof readMark>;

export const readMarks = named("ReadMarks", "Marks of one room in one epoch.", {
  room,
  epoch,
  marks: unbounded.array(readMark),
});

/** A node's report to the others: which users have sockets on it. */
export const presenceReport = object({
  /** Grows by one with each report of the node, so that another node notices a missing one. */
  revision: unbounded.integer(),
  whole: boolean({ description: "Whether it replaces all earlier reports of the node." }),
  online: unbounded.array(text),
  away: unbounded.array(text),
  offline: unbounded.array(text),
});
export type PresenceReport = TypeOf<typeof presenceReport>;
