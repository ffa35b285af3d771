import { list, named, type TypeOf } from "./shape.ts";

/** Roles within a room in ascending order; each includes the ones before it. */
export const ROOM_ROLES = ["member", "moderator", "owner"] as const;
export type RoomRole = (typeof ROOM_ROLES)[number];

/**
 * `public`: anybody finds it by its name and joins. `private`: whoever was invited. `direct`: two people. To those who
 * are not in a room that is not public, there is no such room.
 */
const ROOM_KINDS = ["public", "private", "direct"] as const;
export type RoomKind = (typeof ROOM_KINDS)[number];

/** What happened to somebody's membership, as they are told. */
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

/** `removed`: the message was deleted. `dismissed`: it stays. */
export const OUTCOMES = ["removed", "dismissed"] as const;
export type Outcome = (typeof OUTCOMES)[number];

const text = { type: "string" } as const;
const count = { type: "integer" } as const;
const time = { type: "integer", about: "Milliseconds since 1970." } as const;
const room = { type: "string", about: "Key of the room." } as const;
const epoch = {
  type: "string",
  about: "Incarnation of the room's sequence; a client's position counts only within it.",
} as const;
const newest = { type: "integer", about: "Position of the newest message; 0 when there is none." } as const;
const kind = { type: "word", words: ROOM_KINDS } as const;
const role = { type: "word", words: ROOM_ROLES } as const;
const mutedUntil = {
  type: "integer",
  nullable: true,
  about: "Milliseconds since 1970; null while they may speak.",
} as const;

export const message = named("Message", "A message as everybody in the room sees it.", {
  room,
  seq: { type: "integer", about: "Position in the room: 1, 2, 3 ... without gaps within one epoch." },
  epoch,
  author: { type: "object", fields: { id: text, name: text } },
  text: { type: "string", about: "Empty once it is deleted." },
  at: { type: "integer", about: "Milliseconds since 1970, by the server's clock." },
  clientId: { type: "string", about: "The sender's own id for it: a retry with the same one is the same message." },
  mentions: {
    ...list(text),
    optional: true,
    about: "Ids of the members whose names stand in it after an `@`.",
  },
  revision: {
    type: "integer",
    optional: true,
    about: "The room's revision at its last change; missing while it is as it was sent, like the two times below.",
  },
  editedAt: { ...time, optional: true },
  deletedAt: { ...time, optional: true },
});
export type Message = TypeOf<typeof message>;

export const roomState = named("RoomState", "What a client learns of a room's messages.", {
  room,
  epoch,
  seq: newest,
  revision: {
    type: "integer",
    about: "Where the room's changes stand: given back when joining again, it says what the client has seen of them.",
  },
  messages: list(message),
  changed: {
    ...list(message),
    about: "Messages up to the client's position that were edited or deleted since its revision.",
  },
  recovered: {
    type: "boolean",
    about:
      "True: `messages` and `changed` are everything since the client's position. False: `messages` is the newest page; what lies between is unknown.",
  },
});
export type RoomState = TypeOf<typeof roomState>;

export const joinedRoom = named("JoinedRoom", "What joining a room answers.", {
  ...roomState.fields,
  kind,
  role,
  since: {
    type: "integer",
    about: "The room's revision when one became a member: what ended an earlier membership does not end this one.",
  },
  more: {
    type: "true",
    optional: true,
    about:
      "There where one response could not hold everything since the client's position: join again from the last message and revision here.",
  },
});
export type JoinedRoom = TypeOf<typeof joinedRoom>;

export const roomSummary = named("RoomSummary", "A room as somebody sees it who is in it or invited to it.", {
  room,
  kind,
  title: { type: "string", about: "A public room's name, a private one's title, in a direct one the other's name." },
  peerId: { type: "string", optional: true, about: "The other one in a direct room." },
  peerState: {
    type: "word",
    words: PRESENCE_STATES,
    optional: true,
    about: "Whether they are there; not said when they have left the room.",
  },
  role: {
    ...role,
    nullable: true,
    about: "null while one is only invited: `chat.join` accepts, `chat.leave` declines.",
  },
  members: count,
  epoch,
  seq: newest,
  read: { type: "integer", about: "Position up to which one has read." },
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
  mutedUntil: {
    type: "integer",
    optional: true,
    about: "Milliseconds since 1970; there while they are muted, for those who moderate the room.",
  },
});
export type Member = TypeOf<typeof member>;

export const memberChanged = named("MemberChanged", "A member after a change.", {
  room,
  user: text,
  role: { ...role, nullable: true, about: "null for whoever is not in the room." },
  mutedUntil,
});
export type MemberChanged = TypeOf<typeof memberChanged>;

export const membership = named("Membership", "What happened to one's membership.", {
  ...memberChanged.fields,
  change: { type: "word", words: MEMBERSHIP_CHANGES },
  kind,
  by: { type: "string", optional: true, about: "Who did it, when it was not oneself." },
});

export const report = named("Report", "A message that somebody reported, as site moderators read it.", {
  id: { type: "string", about: "Sorts by time." },
  at: time,
  reporterId: text,
  reason: text,
  room,
  seq: { type: "integer", about: "Position of the message." },
  authorId: text,
  text: {
    type: "string",
    about: "The message's text when it was reported: moderators see it without a way into the room.",
  },
});
export type Report = TypeOf<typeof report>;

export const presence = named("Presence", "Whether somebody is there.", {
  id: text,
  state: { type: "word", words: PRESENCE_STATES },
});
export type Presence = TypeOf<typeof presence>;

export const roomPresence = named("RoomPresence", "Who of a room is there.", {
  room,
  users: { ...list(presence), about: "Those who are online or away." },
  complete: { type: "boolean", about: "False in a room so large that only some of its members were looked at." },
});

const readMark = named("ReadMark", "How far a user has read a room. It only ever grows within an epoch.", {
  user: text,
  seq: { type: "integer", about: "Position of the newest message that was seen; 0 for none." },
});
export type ReadMark = TypeOf<typeof readMark>;

export const readMarks = named("ReadMarks", "Marks of one room, of one incarnation of its sequence.", {
  room,
  epoch,
  marks: list(readMark),
});
