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

/** What happened to a user's membership, as the user is told. */
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

/** `away`: every device of theirs shows something else. */
const PRESENCE_STATES = ["online", "away", "offline"] as const;
export type PresenceState = (typeof PRESENCE_STATES)[number];
/** What a device may say of its user. */
export type DeviceState = Exclude<PresenceState, "offline">;

/** `removed`: the message was deleted. `dismissed`: it stays. */
export const OUTCOMES = ["removed", "dismissed"] as const;
export type Outcome = (typeof OUTCOMES)[number];

const text = unbounded.string();
const count = unbounded.integer();
const time = unbounded.integer({ description: "Milliseconds since 1970." });
const room = unbounded.string({ description: "Key of the room." });
const epoch = unbounded.string({
  description: "Incarnation of the room's sequence; a client's position counts only within it.",
});
const newest = unbounded.integer({ description: "Position of the newest message; 0 when there is none." });
const kind = oneOf(ROOM_KINDS);
const role = oneOf(ROOM_ROLES);
const mutedUntil = nullable(unbounded.integer(), {
  description: "Milliseconds since 1970; null while the member may write.",
});

export const message = named("Message", "A message as everybody in the room sees it.", {
  room,
  seq: unbounded.integer({ description: "Position in the room: 1, 2, 3 ... without gaps within one epoch." }),
  epoch,
  author: object({ id: text, name: text }),
  text: unbounded.string({ description: "Empty once it is deleted." }),
  at: unbounded.integer({ description: "Milliseconds since 1970, by the server's clock." }),
  clientId: unbounded.string({
    description: "The sender's own id for it: a retry with the same one is the same message.",
  }),
  mentions: optional(
    unbounded.array(text, { description: "Ids of the members whose names follow an `@` in the text." }),
  ),
  revision: optional(
    unbounded.integer({
      description:
        "The room's revision at its last change; missing while it is as it was sent, like the two times below.",
    }),
  ),
  editedAt: optional(time),
  deletedAt: optional(time),
});
export type Message = TypeOf<typeof message>;

export const roomState = named("RoomState", "What a client learns of a room's messages.", {
  room,
  epoch,
  seq: newest,
  revision: unbounded.integer({
    description:
      "Where the room's changes stand: given back when joining again, it says what the client has seen of them.",
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
    description:
      "The room's revision when one became a member: what ended an earlier membership does not end this one.",
  }),
  more: optional({
    ...constant(true),
    description:
      "Present when one response could not hold everything since the client's position: join again from the last " +
      "message and revision here.",
  }),
});

export const roomSummary = named("RoomSummary", "A room as somebody sees it who is in it or invited to it.", {
  room,
  kind,
  title: unbounded.string({
    description: "A public room's name, a private one's title, in a direct one the other's name.",
  }),
  peerId: optional(unbounded.string({ description: "The other one in a direct room." })),
  peerState: optional(
    oneOf(PRESENCE_STATES, { description: "Whether they are there; not said when they have left the room." }),
  ),
  role: nullable(role, {
    description: "null while the user is only invited: `chat.join` accepts, `chat.leave` declines.",
  }),
  members: count,
  epoch,
  seq: newest,
  read: unbounded.integer({ description: "Position up to which one has read." }),
  unread: count,
  mutedUntil,
});
export type RoomSummary = TypeOf<typeof roomSummary>;

export const publicRoom = named("PublicRoom", "A public room as anybody finds it.", { room, members: count });
export type PublicRoom = TypeOf<typeof publicRoom>;

export const member = named("Member", "Somebody in a room.", {
  id: text,
  name: text,
  role,
  mutedUntil: optional(
    unbounded.integer({
      description: "Milliseconds since 1970; there while they are muted, for those who moderate the room.",
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

export const membership = named("Membership", "What happened to one's membership.", {
  ...memberChanged.properties,
  change: oneOf(MEMBERSHIP_CHANGES),
  kind,
  by: optional(unbounded.string({ description: "Who did it, when it was not oneself." })),
});

export const report = named("Report", "A message that somebody reported, as site moderators read it.", {
  id: unbounded.string({ description: "Sorts by time." }),
  at: time,
  reporterId: text,
  reason: text,
  room,
  seq: unbounded.integer({ description: "Position of the message." }),
  authorId: text,
  text: unbounded.string({
    description: "The message's text when it was reported: moderators see it without a way into the room.",
  }),
});
export type Report = TypeOf<typeof report>;

export const presence = named("Presence", "Whether somebody is there.", {
  id: text,
  state: oneOf(PRESENCE_STATES),
});
export type Presence = TypeOf<typeof presence>;

export const roomPresence = named("RoomPresence", "Who of a room is there.", {
  room,
  users: unbounded.array(presence, { description: "Those who are online or away." }),
  complete: boolean({ description: "False in a room so large that only some of its members were looked at." }),
});

const readMark = named("ReadMark", "How far a user has read a room. It only ever grows within an epoch.", {
  user: text,
  seq: unbounded.integer({ description: "Position of the newest message that was seen; 0 for none." }),
});
export type ReadMark = TypeOf<typeof readMark>;

export const readMarks = named("ReadMarks", "Marks of one room, of one incarnation of its sequence.", {
  room,
  epoch,
  marks: unbounded.array(readMark),
});

/** What a node tells the others about the users whose sockets it has. */
export const presenceHere = object({
  /** One more with each event of the node: a node that missed one asks for the whole. */
  revision: unbounded.integer(),
  whole: boolean({ description: "Whether what was told before is void." }),
  online: unbounded.array(text),
  away: unbounded.array(text),
  offline: unbounded.array(text),
});
export type PresenceHere = TypeOf<typeof presenceHere>;
