import {
  auditRecord,
  listed,
  openApiDocument,
  profile,
  publicJwk,
  type Role,
  sessionInfo,
  signedIn,
} from "./surface/accounts.ts";
import type { Code } from "./surface/codes.ts";
import {
  type Bounded,
  boolean,
  constant,
  integer,
  type ObjectSchema,
  object,
  oneOf,
  optional,
  type Params,
  string,
  unbounded,
} from "./surface/grammar.ts";
import {
  joinedRoom,
  member,
  memberChanged,
  membership,
  message,
  OUTCOMES,
  presence,
  publicRoom,
  readMarks,
  report,
  roomPresence,
  roomState,
  roomSummary,
} from "./surface/rooms.ts";

/**
 * The public surface of the origin as plain data: every HTTP endpoint, every socket call, every page asset. Whatever
 * is not listed here does not exist: the gateway answers 404 and the edge blocks it. Gateway aliases, the socket
 * allow-list, authorization, validation, the types of what handlers answer, OpenAPI, body limits, rate classes and the
 * edge policy are derived from it, never written twice.
 */

export { ROLES, type Role } from "./surface/accounts.ts";
export { hasParameters, isParameter, matchesPath, segmentsOf } from "./surface/path.ts";

/** Who may use an entry: anybody, or a user who has at least this role. */
export type Access = "public" | Role;

/** The services that own actions; an action's name starts with one. */
export type ServiceName = "users" | "auth" | "chat" | "gateway";
type ActionName = `${ServiceName}.${string}`;

/**
 * The rate classes; an entry's class decides how often one address, and one user, may use it (over a socket see
 * `gateway/limits/limits.ts`).
 */
export const RATE_CLASSES = {
  /**
   * Endpoints that take a password or the token of a mail, so that each request is a guess, costs a hash or sends a
   * mail. Also limited at the edge. Not the renewal of a session: a refresh token cannot be guessed, and every page
   * that is opened renews its session.
   */
  credential: { requests: 20, seconds: 10 },
  read: { requests: 200, seconds: 10 },
  write: { requests: 60, seconds: 10 },
  /** Looking through messages: each costs the database several times as much as reading a page of them. */
  search: { requests: 30, seconds: 10 },
  /** Opening rooms, direct ones included. */
  opening: { requests: 30, seconds: 3600 },
  invitation: { requests: 60, seconds: 3600 },
  report: { requests: 20, seconds: 3600 },
} as const satisfies Readonly<Record<string, { readonly requests: number; readonly seconds: number }>>;
export type RateClass = keyof typeof RATE_CLASSES;

export interface HttpEntry {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /**
   * Exact path: one spelling, no trailing slash. A segment that starts with a colon is a parameter, which `params`
   * declares: `/api/todos/:id`.
   */
  readonly path: `/${string}`;
  /** Moleculer action. */
  readonly action: ActionName;
  /** What it does, in a few words, as a list of endpoints shows it. */
  readonly summary: string;
  readonly access: Access;
  readonly rate: RateClass;
  /** Largest request body in bytes; 0 where none is read, and the parameters are in path and query. */
  readonly bodyLimit: number;
  readonly params: Params;
  readonly answers: ObjectSchema;
  /** Codes with which the action refuses, besides those of its parameters and what the gateway refuses by itself. */
  readonly refuses?: readonly Code[];
  /** What a reader of the OpenAPI document cannot tell from the rest of the entry. */
  readonly about?: string;
}

export interface SocketEntry {
  /** Name of the call, which is also the Moleculer action. */
  readonly action: ActionName;
  readonly summary: string;
  readonly access: Role;
  /** Never `credential`, and no parameter is a secret: what the edge cannot see carries no passwords. */
  readonly rate: Exclude<RateClass, "credential">;
  readonly params: Readonly<Record<string, Bounded & { readonly secret?: never }>>;
  /** What the acknowledgement carries. */
  readonly answers: ObjectSchema;
  readonly refuses?: readonly Code[];
  readonly about?: string;
}

const anyEmail = string({ min: 3, max: 254, format: "email" });
const email = { ...anyEmail, refuses: ["EMAIL_MALFORMED"] } as const;
const newEmail = { ...email, refuses: ["EMAIL_MALFORMED", "EMAIL_RESERVED"] } as const;
const password = string({ min: 1, max: 256, secret: true });
/** Counted before normalization; the exact bounds are those of `users/password.ts`. */
const newPassword = string({
  min: 8,
  max: 256,
  secret: true,
  refuses: ["PASSWORD_SHORT", "PASSWORD_LONG", "PASSWORD_COMMON", "PASSWORD_PERSONAL"],
});
const name = string({
  min: 1,
  max: 64,
  refuses: ["NAME_CONTROL", "NAME_EMPTY", "NAME_LONG", "NAME_MIXED", "NAME_RESERVED"],
});
const id = string({ min: 1, max: 64 });
const room = string({ min: 1, max: 64, refuses: ["ROOM_NAME"] });
/** Position in a room: a sequence number, which counts only within the epoch it was seen in. */
const seq = integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const cursor = optional(seq);
const epoch = optional(string({ min: 1, max: 64 }));
const text = string({ min: 1, max: 4000, refuses: ["TEXT_CONTROL", "TEXT_EMPTY", "TEXT_LONG"] });
/** One of a few words, which the action knows. */
const word = string({ min: 1, max: 16 });
/** The token of a link in a mail. */
const mailToken = string({ min: 1, max: 64, secret: true });
const KIB = 1024;

/** Always true: failures are errors. */
const done = constant(true);
const more = boolean({ description: "Whether there are more after the last one." });

/** A room that is not public and one is not in is NOT_FOUND. */
const OUTSIDE_ROOM = ["NOT_FOUND", "BANNED", "NOT_MEMBER"] as const;
const MAY_NOT_WRITE = [...OUTSIDE_ROOM, "MUTED", "PEER_LEFT"] as const;
const MAY_NOT_MODERATE = [...OUTSIDE_ROOM, "FORBIDDEN", "DIRECT_ROOM"] as const;

/** HTTP endpoints: JSON in and out. */
export const http = [
  {
    method: "POST",
    path: "/api/auth/register",
    action: "users.register",
    summary: "Register an account and sign in",
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { email: newEmail, password: newPassword, name, setup: optional({ ...id, secret: true }) },
    answers: signedIn,
    refuses: ["REGISTRATION_CLOSED", "SETUP_LINK", "EMAIL_TAKEN", "NAME_TAKEN", "UNAUTHORIZED"],
  },
  {
    method: "POST",
    path: "/api/auth/login",
    action: "users.login",
    summary: "Sign in",
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { email: anyEmail, password },
    answers: signedIn,
    refuses: ["CREDENTIALS", "UNAUTHORIZED"],
  },
  {
    method: "POST",
    path: "/api/auth/refresh",
    action: "auth.refresh",
    summary: "Renew a session",
    access: "public",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { refreshToken: optional(string({ min: 1, max: 256, secret: true })) },
    answers: signedIn,
    refuses: ["SIGN_IN", "UNAUTHORIZED"],
  },
  {
    method: "POST",
    path: "/api/auth/logout",
    action: "auth.logout",
    summary: "End this session",
    access: "user",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: {},
    answers: object({ ended: done }),
  },
  {
    method: "GET",
    path: "/api/users/me",
    action: "users.profile",
    summary: "Read the caller's profile",
    access: "user",
    rate: "read",
    bodyLimit: 0,
    params: {},
    answers: profile,
  },
  {
    method: "PATCH",
    path: "/api/users/me",
    action: "users.update",
    summary: "Change the caller's name",
    access: "user",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { name },
    answers: profile,
    refuses: ["NAME_TAKEN"],
  },
  {
    method: "POST",
    path: "/api/auth/password",
    action: "users.changePassword",
    summary: "Change the caller's password",
    access: "user",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { password, newPassword },
    answers: object({ changed: done }),
    refuses: ["PASSWORD_WRONG"],
  },
  {
    method: "POST",
    path: "/api/auth/request-reset",
    action: "users.requestReset",
    summary: "Send a link to reset a password",
    about: "The answer is the same whether somebody has this address or not.",
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { email },
    answers: object({ requested: done }),
  },
  {
    method: "POST",
    path: "/api/auth/reset-password",
    action: "users.resetPassword",
    summary: "Set a new password with a link",
    about: "Takes what a link in a mail carries. Nobody is signed in by it.",
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { token: mailToken, newPassword },
    answers: object({ changed: done }),
    refuses: ["LINK"],
  },
  {
    method: "POST",
    path: "/api/auth/request-verification",
    action: "users.requestVerification",
    summary: "Send a link to verify the caller's address",
    access: "user",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: {},
    answers: object({ requested: done }),
    refuses: ["EMAIL_VERIFIED"],
  },
  {
    method: "POST",
    path: "/api/auth/verify-email",
    action: "users.verifyEmail",
    summary: "Verify an address with a link",
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { token: mailToken },
    answers: object({ verified: done }),
    refuses: ["LINK", "EMAIL_TAKEN"],
  },
  {
    method: "POST",
    path: "/api/auth/change-email",
    action: "users.changeEmail",
    summary: "Change the caller's address",
    about: "The address changes when the link that was sent to it is opened.",
    access: "user",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { email: newEmail, password },
    answers: object({ requested: done }),
    refuses: ["PASSWORD_WRONG", "EMAIL_SAME"],
  },
  {
    method: "POST",
    path: "/api/auth/delete",
    action: "users.remove",
    summary: "Delete the caller's account",
    access: "user",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { password },
    answers: object({ removed: done }),
    refuses: ["PASSWORD_WRONG", "LAST_ADMIN"],
  },
  {
    method: "GET",
    path: "/api/auth/sessions",
    action: "auth.sessions",
    summary: "List the caller's sessions",
    access: "user",
    rate: "read",
    bodyLimit: 0,
    params: {},
    answers: object({ sessions: unbounded.array(sessionInfo) }),
  },
  {
    method: "POST",
    path: "/api/auth/sessions/end",
    action: "auth.endSession",
    summary: "End one of the caller's sessions",
    access: "user",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { sid: id },
    answers: object({ ended: done }),
    refuses: ["NOT_FOUND"],
  },
  {
    method: "GET",
    path: "/api/admin/users",
    action: "users.list",
    summary: "List users",
    access: "admin",
    rate: "read",
    bodyLimit: 0,
    params: { after: optional(id) },
    answers: object({ users: unbounded.array(listed), more }),
    refuses: ["NOT_FOUND"],
  },
  {
    method: "POST",
    path: "/api/admin/users/role",
    action: "users.setRole",
    summary: "Change a user's role",
    access: "admin",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { id, role: word },
    answers: listed,
    refuses: ["NOT_FOUND", "OWN_ACCOUNT", "LAST_ADMIN"],
  },
  {
    method: "POST",
    path: "/api/admin/users/disable",
    action: "users.disable",
    summary: "Disable a user",
    access: "admin",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { id },
    answers: listed,
    refuses: ["NOT_FOUND", "OWN_ACCOUNT", "LAST_ADMIN"],
  },
  {
    method: "POST",
    path: "/api/admin/users/enable",
    action: "users.enable",
    summary: "Enable a user",
    access: "admin",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { id },
    answers: listed,
    refuses: ["NOT_FOUND", "OWN_ACCOUNT"],
  },
  {
    method: "GET",
    path: "/api/admin/audit",
    action: "users.audit",
    summary: "Read the audit log",
    access: "admin",
    rate: "read",
    bodyLimit: 0,
    params: { before: optional(id) },
    answers: object({ records: unbounded.array(auditRecord), more }),
  },
  {
    method: "GET",
    path: "/.well-known/jwks.json",
    action: "auth.jwks",
    summary: "Read the keys that verify access tokens",
    access: "public",
    rate: "read",
    bodyLimit: 0,
    params: {},
    answers: object({ keys: unbounded.array(publicJwk) }),
  },
  {
    method: "GET",
    path: "/api/openapi.json",
    action: "gateway.openapi",
    summary: "Read this document",
    access: "public",
    rate: "read",
    bodyLimit: 0,
    params: {},
    answers: openApiDocument,
  },
] as const satisfies readonly HttpEntry[];

/**
 * Calls over the socket. No entry here may take credentials: the WAF sees a WebSocket's handshake only, never its
 * messages.
 */
export const socket = [
  {
    action: "chat.rooms",
    summary: "List the caller's rooms",
    about: "Those one is in or invited to.",
    access: "user",
    rate: "read",
    params: { after: optional(room) },
    answers: object({ rooms: unbounded.array(roomSummary), more }),
  },
  {
    action: "chat.browse",
    summary: "Find public rooms",
    access: "user",
    rate: "read",
    params: { prefix: optional(room), after: optional(room) },
    answers: object({ rooms: unbounded.array(publicRoom), more }),
  },
  {
    action: "chat.create",
    summary: "Open a room",
    access: "user",
    rate: "opening",
    params: { kind: word, title: { ...name, refuses: [...name.refuses, "ROOM_NAME"] } },
    answers: roomSummary,
    refuses: ["NOT_FOUND", "ROOM_ALIKE", "ROOM_EXISTS", "ROOM_LIMIT", "ROOMS_OPENED"],
  },
  {
    action: "chat.direct",
    summary: "Open a room with one other user",
    access: "user",
    rate: "opening",
    params: { user: id },
    answers: roomSummary,
    refuses: ["NOT_FOUND", "ROOM_FULL", "ROOMS_OPENED"],
  },
  {
    action: "chat.join",
    summary: "Join a room, or join it again",
    access: "user",
    rate: "write",
    params: { room, cursor, epoch, revision: cursor },
    answers: joinedRoom,
    refuses: [
      ...OUTSIDE_ROOM,
      "NAME_RESERVED",
      "ROOM_ALIKE",
      "ROOM_FULL",
      "ROOM_LIMIT",
      "ROOMS_OPENED",
      "TOO_MANY_ROOMS",
    ],
  },
  {
    action: "chat.leave",
    summary: "Leave a room or decline an invitation",
    access: "user",
    rate: "write",
    params: { room },
    answers: object({ room: unbounded.string() }),
  },
  {
    action: "chat.members",
    summary: "List the members of a room",
    access: "user",
    rate: "read",
    params: { room, state: optional(word), after: optional(id) },
    answers: object({ members: unbounded.array(member), more }),
    refuses: [...OUTSIDE_ROOM, "FORBIDDEN"],
  },
  {
    action: "chat.invite",
    summary: "Invite a user to a room",
    access: "user",
    rate: "invitation",
    params: { room, user: id },
    answers: object({ invited: done }),
    refuses: [...MAY_NOT_MODERATE, "LOBBY", "INVITATIONS", "ALREADY_KNOWN"],
  },
  {
    action: "chat.setRoomRole",
    summary: "Change a member's role in a room",
    access: "user",
    rate: "write",
    params: { room, user: id, role: word },
    answers: memberChanged,
    refuses: [...MAY_NOT_MODERATE, "LOBBY", "LAST_OWNER", "ROOM_LIMIT"],
  },
  {
    action: "chat.mute",
    summary: "Mute a member",
    access: "user",
    rate: "write",
    params: { room, user: id, seconds: integer({ min: 1, max: 2_592_000 }) },
    answers: memberChanged,
    refuses: MAY_NOT_MODERATE,
  },
  {
    action: "chat.unmute",
    summary: "Unmute a member",
    access: "user",
    rate: "write",
    params: { room, user: id },
    answers: memberChanged,
    refuses: MAY_NOT_MODERATE,
  },
  {
    action: "chat.kick",
    summary: "Remove a member from a room",
    access: "user",
    rate: "write",
    params: { room, user: id },
    answers: memberChanged,
    refuses: [...MAY_NOT_MODERATE, "LOBBY"],
  },
  {
    action: "chat.ban",
    summary: "Ban a user from a room",
    access: "user",
    rate: "write",
    params: { room, user: id },
    answers: memberChanged,
    refuses: [...MAY_NOT_MODERATE, "LOBBY"],
  },
  {
    action: "chat.unban",
    summary: "Lift a ban",
    access: "user",
    rate: "write",
    params: { room, user: id },
    answers: memberChanged,
    refuses: MAY_NOT_MODERATE,
  },
  {
    action: "chat.history",
    summary: "Read older messages",
    access: "user",
    rate: "read",
    params: { room, cursor },
    answers: roomState,
    refuses: OUTSIDE_ROOM,
  },
  {
    action: "chat.search",
    summary: "Find messages of a room by their words",
    about:
      "Messages with all words of the query, the newest first. A word matches every word that begins with it, and " +
      "in scripts without spaces any part of a text. One call looks through a part of a large room.",
    access: "user",
    rate: "search",
    params: { room, query: string({ min: 1, max: 100, refuses: ["SEARCH_EMPTY"] }), cursor },
    answers: object({
      room: unbounded.string(),
      messages: unbounded.array(message),
      cursor: optional(
        unbounded.integer({
          description: "Search again with it to look at older messages; missing when the whole room was looked at.",
        }),
      ),
    }),
    refuses: OUTSIDE_ROOM,
  },
  {
    action: "chat.send",
    summary: "Send a message",
    access: "user",
    rate: "write",
    params: { room, text, clientId: { ...id, refuses: ["CLIENT_ID"] } },
    answers: object({ message }),
    refuses: [...MAY_NOT_WRITE, "CLIENT_ID_USED", "MESSAGE_QUOTA"],
  },
  {
    action: "chat.edit",
    summary: "Edit a message",
    access: "user",
    rate: "write",
    params: { room, seq, text },
    answers: object({ message }),
    refuses: [...MAY_NOT_WRITE, "FORBIDDEN", "MESSAGE_DELETED", "MESSAGE_QUOTA", "TOO_LATE"],
  },
  {
    action: "chat.delete",
    summary: "Delete a message",
    access: "user",
    rate: "write",
    params: { room, seq },
    answers: object({ message }),
    refuses: [...OUTSIDE_ROOM, "FORBIDDEN", "MESSAGE_DELETED"],
  },
  {
    action: "chat.report",
    summary: "Report a message",
    access: "user",
    rate: "report",
    params: { room, seq, reason: string({ min: 1, max: 500, refuses: ["TEXT_CONTROL", "TEXT_EMPTY", "REASON_LONG"] }) },
    answers: object({ reported: done }),
    refuses: [...OUTSIDE_ROOM, "MESSAGE_DELETED", "REPORTS"],
  },
  {
    action: "chat.reports",
    summary: "List open reports",
    about: "Those that nobody has settled, the oldest first.",
    access: "moderator",
    rate: "read",
    params: { after: optional(id) },
    answers: object({ reports: unbounded.array(report), more }),
  },
  {
    action: "chat.settleReport",
    summary: "Settle a report",
    access: "moderator",
    rate: "write",
    params: { report: id, outcome: word },
    answers: object({ outcome: oneOf(OUTCOMES) }),
    refuses: ["NOT_FOUND"],
  },
  {
    action: "chat.sendMessageToAll",
    summary: "Send a message to all users",
    access: "moderator",
    rate: "write",
    params: { text },
    answers: object({ sent: done }),
  },
  {
    action: "chat.presence",
    summary: "Read who of a room is present",
    access: "user",
    rate: "read",
    params: { room },
    answers: roomPresence,
    refuses: OUTSIDE_ROOM,
  },
  {
    action: "chat.setPresence",
    summary: "Set this device's presence",
    access: "user",
    rate: "write",
    params: { state: { ...word, refuses: ["PRESENCE_STATE"] } },
    answers: object({ state: oneOf(["online", "away"]) }),
  },
  {
    action: "chat.typing",
    summary: "Tell a room that the caller is writing",
    about: "The others are told every few seconds at most; `told` says whether they were.",
    access: "user",
    rate: "write",
    params: { room },
    answers: object({ told: boolean() }),
    refuses: MAY_NOT_WRITE,
  },
  {
    action: "chat.read",
    summary: "Mark messages as read",
    about: "Answers where the mark stands now.",
    access: "user",
    rate: "write",
    params: { room, seq, epoch },
    answers: object({ room: unbounded.string(), epoch: unbounded.string(), seq: unbounded.integer() }),
    refuses: OUTSIDE_ROOM,
  },
  {
    action: "chat.marks",
    summary: "Read how far members have read",
    about: "Of all members where there are few, else one's own.",
    access: "user",
    rate: "read",
    params: { room },
    answers: readMarks,
    refuses: OUTSIDE_ROOM,
  },
] as const satisfies readonly SocketEntry[];

export interface Emit {
  readonly about: string;
  readonly payload: ObjectSchema;
}

/** Events the server emits to sockets. */
export const emits = {
  message: { about: "Somebody has said something in a room.", payload: message },
  messageChanged: { about: "A message was edited or deleted: it is now this one.", payload: message },
  membership: { about: "To one's own devices: what happened to one's membership.", payload: membership },
  serverMessage: {
    about: "Said to everybody; it is not stored.",
    payload: object({ text: unbounded.string(), at: unbounded.integer({ description: "Milliseconds since 1970." }) }),
  },
  drain: {
    about: "The server closes this connection, because it stops: connect again after so many milliseconds.",
    payload: object({ retryAfter: unbounded.integer({ description: "Milliseconds." }) }),
  },
  presence: {
    about: "People one shares a room with have come, gone, or left their screen.",
    payload: object({ users: unbounded.array(presence) }),
  },
  typing: {
    about: "Somebody is writing; whoever hears it forgets it after a few seconds.",
    payload: object({ room: unbounded.string(), user: object({ id: unbounded.string(), name: unbounded.string() }) }),
  },
  read: { about: "How far some have read.", payload: readMarks },
} as const satisfies Readonly<Record<string, Emit>>;
export type EmittedEvent = keyof typeof emits;

/** Actions that clients can reach, by the way they come. */
export type HttpAction = (typeof http)[number]["action"];
export type SocketAction = (typeof socket)[number]["action"];
export type SurfaceAction = HttpAction | SocketAction;
/** The entry of an action. */
export type EntryOf<A extends SurfaceAction> = Extract<
  (typeof http)[number] | (typeof socket)[number],
  { readonly action: A }
>;

/** Where Socket.IO listens: websocket transport only. */
export const SOCKET_PATH = "/socket.io/";

/** The page and its assets, served by GET and HEAD. */
export const assets = ["/", "/app.css", "/app.js", "/favicon.svg"] as const satisfies readonly `/${string}`[];
