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
import { list, type ObjectShape, object } from "./surface/shape.ts";

/**
 * The public surface of the origin as plain data: every HTTP endpoint, every socket call, every page asset. Whatever
 * is not listed here does not exist: the gateway answers 404 and the edge blocks it. Gateway aliases, the socket
 * allow-list, authorization, validation, the types of what handlers answer, OpenAPI, body limits, rate classes and the
 * edge policy are derived from it, never written twice.
 */

export { ROLES, type Role } from "./surface/accounts.ts";

/** Who may use an entry: anybody, or a user who has at least this role. */
export type Access = "public" | Role;

/**
 * What a parameter may be. Lengths are counted in UTF-16 code units, numbers are inclusive bounds. A `secret` value
 * never enters a log, a trace or an error.
 */
export type Param = {
  readonly optional?: true;
  /** Codes with which the action refuses a value that keeps to these bounds. */
  readonly refuses?: readonly Code[];
} & (
  | { readonly type: "string"; readonly min: number; readonly max: number; readonly secret?: true }
  | { readonly type: "email"; readonly max: number }
  | { readonly type: "integer"; readonly min: number; readonly max: number }
);

export type Params = Readonly<Record<string, Param>>;

/** The values that parameters declared like this have once they are checked. */
export type ValuesOf<P extends Params> = {
  readonly [K in keyof P as P[K] extends { readonly optional: true } ? never : K]: ValueOf<P[K]>;
} & {
  readonly [K in keyof P as P[K] extends { readonly optional: true } ? K : never]?: ValueOf<P[K]>;
};
type ValueOf<P extends Param> = P extends { readonly type: "integer" } ? number : string;

/** The services that own actions; an action's name starts with one. */
export type ServiceName = "users" | "auth" | "chat" | "gateway";
type ActionName = `${ServiceName}.${string}`;

/**
 * The rate classes; an entry's class decides how often one address, and one user, may use it (over a socket see
 * `gateway/limits.ts`).
 */
export const RATE_CLASSES = {
  /**
   * Endpoints that take a password or what a mail carried, each a guess, a hash or a letter. Also limited at the edge.
   * Not the renewal of a session: nobody guesses a refresh token, and every page that is opened takes its session up
   * again.
   */
  credential: { requests: 20, seconds: 10 },
  read: { requests: 200, seconds: 10 },
  write: { requests: 60, seconds: 10 },
  /** Opening rooms, direct ones included. */
  opening: { requests: 30, seconds: 3600 },
  invitation: { requests: 60, seconds: 3600 },
  report: { requests: 20, seconds: 3600 },
} as const satisfies Readonly<Record<string, { readonly requests: number; readonly seconds: number }>>;
export type RateClass = keyof typeof RATE_CLASSES;

export interface HttpEntry {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Exact path: one spelling, no parameters, no trailing slash. */
  readonly path: `/${string}`;
  /** Moleculer action. */
  readonly action: ActionName;
  readonly access: Access;
  readonly rate: RateClass;
  /** Largest request body in bytes; 0 where none is read. */
  readonly bodyLimit: number;
  readonly params: Params;
  readonly answers: ObjectShape;
  /** Codes with which the action refuses, besides those of its parameters and what the gateway refuses by itself. */
  readonly refuses?: readonly Code[];
  /** What a reader of the OpenAPI document cannot tell from the rest of the entry. */
  readonly about?: string;
}

export interface SocketEntry {
  /** Name of the call, which is also the Moleculer action. */
  readonly action: ActionName;
  readonly access: Role;
  /** Never `credential`, and no parameter is a secret: what the edge cannot see carries no passwords. */
  readonly rate: Exclude<RateClass, "credential">;
  readonly params: Readonly<Record<string, Param & { readonly secret?: never }>>;
  /** What the acknowledgement carries. */
  readonly answers: ObjectShape;
  readonly refuses?: readonly Code[];
  readonly about?: string;
}

const anyEmail = { type: "email", max: 254 } as const;
const email = { ...anyEmail, refuses: ["EMAIL_MALFORMED"] } as const;
const newEmail = { ...email, refuses: ["EMAIL_MALFORMED", "EMAIL_RESERVED"] } as const;
const password = { type: "string", min: 1, max: 256, secret: true } as const;
// 128 characters may be 256 code units; the exact bounds in characters are `newPassword`'s
const newPassword = {
  ...password,
  min: 8,
  refuses: ["PASSWORD_SHORT", "PASSWORD_LONG", "PASSWORD_COMMON", "PASSWORD_PERSONAL"],
} as const;
const name = {
  type: "string",
  min: 1,
  max: 64,
  refuses: ["NAME_CONTROL", "NAME_EMPTY", "NAME_LONG", "NAME_MIXED", "NAME_RESERVED"],
} as const;
const id = { type: "string", min: 1, max: 64 } as const;
const room = { type: "string", min: 1, max: 64, refuses: ["ROOM_NAME"] } as const;
/** Position in a room: a sequence number, which counts only within the epoch it was seen in. */
const seq = { type: "integer", min: 0, max: Number.MAX_SAFE_INTEGER } as const;
const cursor = { ...seq, optional: true } as const;
const epoch = { type: "string", min: 1, max: 64, optional: true } as const;
const text = {
  type: "string",
  min: 1,
  max: 4000,
  refuses: ["TEXT_CONTROL", "TEXT_EMPTY", "TEXT_LONG"],
} as const;
/** One of a few words, which the action knows. */
const word = { type: "string", min: 1, max: 16 } as const;
/** What a link in a mail carries. */
const mailToken = { type: "string", min: 1, max: 64, secret: true } as const;
const KIB = 1024;

const string = { type: "string" } as const;
/** It was done; that it was not is an error, never an answer. */
const done = { type: "true" } as const;
const more = { type: "boolean", about: "Whether there are more after the last one." } as const;

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
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { email: newEmail, password: newPassword, name, setup: { ...id, optional: true, secret: true } },
    answers: signedIn,
    refuses: ["REGISTRATION_CLOSED", "SETUP_LINK", "EMAIL_TAKEN", "NAME_TAKEN", "UNAUTHORIZED"],
  },
  {
    method: "POST",
    path: "/api/auth/login",
    action: "users.login",
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
    access: "public",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { refreshToken: { type: "string", min: 1, max: 256, optional: true, secret: true } },
    answers: signedIn,
    refuses: ["SIGN_IN", "UNAUTHORIZED"],
  },
  {
    method: "POST",
    path: "/api/auth/logout",
    action: "auth.logout",
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
    access: "user",
    rate: "read",
    bodyLimit: 0,
    params: {},
    answers: object({ sessions: list(sessionInfo) }),
  },
  {
    method: "POST",
    path: "/api/auth/sessions/end",
    action: "auth.endSession",
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
    access: "admin",
    rate: "read",
    bodyLimit: 0,
    params: { after: { ...id, optional: true } },
    answers: object({ users: list(listed), more }),
    refuses: ["NOT_FOUND"],
  },
  {
    method: "POST",
    path: "/api/admin/users/role",
    action: "users.setRole",
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
    access: "admin",
    rate: "read",
    bodyLimit: 0,
    params: { before: { ...id, optional: true } },
    answers: object({ records: list(auditRecord), more }),
  },
  {
    method: "GET",
    path: "/.well-known/jwks.json",
    action: "auth.jwks",
    access: "public",
    rate: "read",
    bodyLimit: 0,
    params: {},
    answers: object({ keys: list(publicJwk) }),
  },
  {
    method: "GET",
    path: "/api/openapi.json",
    action: "gateway.openapi",
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
    about: "Those one is in or invited to.",
    access: "user",
    rate: "read",
    params: { after: { ...room, optional: true } },
    answers: object({ rooms: list(roomSummary), more }),
  },
  {
    action: "chat.browse",
    access: "user",
    rate: "read",
    params: { prefix: { ...room, optional: true }, after: { ...room, optional: true } },
    answers: object({ rooms: list(publicRoom), more }),
  },
  {
    action: "chat.create",
    access: "user",
    rate: "opening",
    params: { kind: word, title: { ...name, refuses: [...name.refuses, "ROOM_NAME"] } },
    answers: roomSummary,
    refuses: ["NOT_FOUND", "ROOM_ALIKE", "ROOM_EXISTS", "ROOM_LIMIT", "ROOMS_OPENED"],
  },
  {
    action: "chat.direct",
    access: "user",
    rate: "opening",
    params: { user: id },
    answers: roomSummary,
    refuses: ["NOT_FOUND", "ROOM_FULL", "ROOMS_OPENED"],
  },
  {
    action: "chat.join",
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
  { action: "chat.leave", access: "user", rate: "write", params: { room }, answers: object({ room: string }) },
  {
    action: "chat.members",
    access: "user",
    rate: "read",
    params: { room, state: { ...word, optional: true }, after: { ...id, optional: true } },
    answers: object({ members: list(member), more }),
    refuses: [...OUTSIDE_ROOM, "FORBIDDEN"],
  },
  {
    action: "chat.invite",
    access: "user",
    rate: "invitation",
    params: { room, user: id },
    answers: object({ invited: done }),
    refuses: [...MAY_NOT_MODERATE, "LOBBY", "INVITATIONS", "ALREADY_KNOWN"],
  },
  {
    action: "chat.setRoomRole",
    access: "user",
    rate: "write",
    params: { room, user: id, role: word },
    answers: memberChanged,
    refuses: [...MAY_NOT_MODERATE, "LOBBY", "LAST_OWNER", "ROOM_LIMIT"],
  },
  {
    action: "chat.mute",
    access: "user",
    rate: "write",
    params: { room, user: id, seconds: { type: "integer", min: 1, max: 2_592_000 } },
    answers: memberChanged,
    refuses: MAY_NOT_MODERATE,
  },
  {
    action: "chat.unmute",
    access: "user",
    rate: "write",
    params: { room, user: id },
    answers: memberChanged,
    refuses: MAY_NOT_MODERATE,
  },
  {
    action: "chat.kick",
    access: "user",
    rate: "write",
    params: { room, user: id },
    answers: memberChanged,
    refuses: [...MAY_NOT_MODERATE, "LOBBY"],
  },
  {
    action: "chat.ban",
    access: "user",
    rate: "write",
    params: { room, user: id },
    answers: memberChanged,
    refuses: [...MAY_NOT_MODERATE, "LOBBY"],
  },
  {
    action: "chat.unban",
    access: "user",
    rate: "write",
    params: { room, user: id },
    answers: memberChanged,
    refuses: MAY_NOT_MODERATE,
  },
  {
    action: "chat.history",
    access: "user",
    rate: "read",
    params: { room, cursor },
    answers: roomState,
    refuses: OUTSIDE_ROOM,
  },
  {
    action: "chat.send",
    access: "user",
    rate: "write",
    params: { room, text, clientId: { ...id, refuses: ["CLIENT_ID"] } },
    answers: object({ message }),
    refuses: [...MAY_NOT_WRITE, "CLIENT_ID_USED", "MESSAGE_QUOTA"],
  },
  {
    action: "chat.edit",
    access: "user",
    rate: "write",
    params: { room, seq, text },
    answers: object({ message }),
    refuses: [...MAY_NOT_WRITE, "FORBIDDEN", "MESSAGE_DELETED", "MESSAGE_QUOTA", "TOO_LATE"],
  },
  {
    action: "chat.delete",
    access: "user",
    rate: "write",
    params: { room, seq },
    answers: object({ message }),
    refuses: [...OUTSIDE_ROOM, "FORBIDDEN", "MESSAGE_DELETED"],
  },
  {
    action: "chat.report",
    access: "user",
    rate: "report",
    params: { room, seq, reason: { ...text, max: 500, refuses: ["TEXT_CONTROL", "TEXT_EMPTY", "REASON_LONG"] } },
    answers: object({ reported: done }),
    refuses: [...OUTSIDE_ROOM, "MESSAGE_DELETED", "REPORTS"],
  },
  {
    action: "chat.reports",
    about: "Those that nobody has settled, the oldest first.",
    access: "moderator",
    rate: "read",
    params: { after: { ...id, optional: true } },
    answers: object({ reports: list(report), more }),
  },
  {
    action: "chat.settleReport",
    access: "moderator",
    rate: "write",
    params: { report: id, outcome: word },
    answers: object({ outcome: { type: "word", words: OUTCOMES } }),
    refuses: ["NOT_FOUND"],
  },
  {
    action: "chat.sendMessageToAll",
    access: "moderator",
    rate: "write",
    params: { text },
    answers: object({ sent: done }),
  },
  {
    action: "chat.presence",
    access: "user",
    rate: "read",
    params: { room },
    answers: roomPresence,
    refuses: OUTSIDE_ROOM,
  },
  {
    action: "chat.setPresence",
    access: "user",
    rate: "write",
    params: { state: { ...word, refuses: ["PRESENCE_STATE"] } },
    answers: object({ state: { type: "word", words: ["online", "away"] } }),
  },
  {
    action: "chat.typing",
    about: "The others are told every few seconds at most; `told` says whether they were.",
    access: "user",
    rate: "write",
    params: { room },
    answers: object({ told: { type: "boolean" } }),
    refuses: MAY_NOT_WRITE,
  },
  {
    action: "chat.read",
    about: "Answers where the mark stands now.",
    access: "user",
    rate: "write",
    params: { room, seq, epoch },
    answers: object({ room: string, epoch: string, seq: { type: "integer" } }),
    refuses: OUTSIDE_ROOM,
  },
  {
    action: "chat.marks",
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
  readonly payload: ObjectShape;
}

/** Events the server emits to sockets. */
export const emits = {
  message: { about: "Somebody has said something in a room.", payload: message },
  messageChanged: { about: "A message was edited or deleted: it is now this one.", payload: message },
  membership: { about: "To one's own devices: what happened to one's membership.", payload: membership },
  serverMessage: {
    about: "Said to everybody; it is not stored.",
    payload: object({ text: string, at: { type: "integer", about: "Milliseconds since 1970." } }),
  },
  drain: {
    about: "The server closes this connection, because it stops: connect again after so many milliseconds.",
    payload: object({ retryAfter: { type: "integer", about: "Milliseconds." } }),
  },
  presence: {
    about: "People one shares a room with have come, gone, or left their screen.",
    payload: object({ users: list(presence) }),
  },
  typing: {
    about: "Somebody is writing; whoever hears it forgets it after a few seconds.",
    payload: object({ room: string, user: object({ id: string, name: string }) }),
  },
  read: { about: "How far some have read.", payload: readMarks },
} as const satisfies Readonly<Record<string, Emit>>;
export type EmittedEvent = keyof typeof emits;

/** Actions that somebody outside can reach, by the way they come. */
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
