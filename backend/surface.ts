/**
 * The public surface of the origin as plain data: every HTTP endpoint, every socket call, every page asset. Whatever is not
 * listed here does not exist: the gateway answers 404 and the edge blocks it. Gateway aliases, the socket allow-list,
 * authorization, validation, OpenAPI, body limits, rate classes and the edge policy are derived from it, never written twice.
 */

/** Roles in ascending order; each includes the ones before it. */
export const ROLES = ["user", "moderator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Who may use an entry: anybody, or a user who has at least this role. */
export type Access = "public" | Role;

/**
 * What a parameter may be. Lengths are counted in UTF-16 code units, numbers are inclusive bounds. A `secret` value never
 * enters a log, a trace or an error.
 */
export type Param =
  | {
      readonly type: "string";
      readonly min: number;
      readonly max: number;
      readonly optional?: true;
      readonly secret?: true;
    }
  | { readonly type: "email"; readonly max: number; readonly optional?: true }
  | { readonly type: "integer"; readonly min: number; readonly max: number; readonly optional?: true };

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
export type ActionName = `${ServiceName}.${string}`;

/** The rate classes; an entry's class decides how often one address (and one user) may use it. */
export const RATE_CLASSES = {
  /** Endpoints that take a password or a refresh token. Also limited at the edge. */
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
}

export interface SocketEntry {
  /** Name of the call, which is also the Moleculer action. */
  readonly action: ActionName;
  readonly access: Role;
  /** Never `credential`, and no parameter is a secret: what the edge cannot see carries no passwords. */
  readonly rate: Exclude<RateClass, "credential">;
  readonly params: Readonly<Record<string, Param & { readonly secret?: never }>>;
}

const email = { type: "email", max: 254 } as const;
// 128 characters may be 256 code units; the exact bounds in characters are `newPassword`'s
const password = { type: "string", min: 8, max: 256, secret: true } as const;
const name = { type: "string", min: 1, max: 64 } as const;
const id = { type: "string", min: 1, max: 64 } as const;
const room = { type: "string", min: 1, max: 64 } as const;
/** Position in a room: a sequence number, which counts only within the epoch it was seen in. */
const seq = { type: "integer", min: 0, max: Number.MAX_SAFE_INTEGER } as const;
const cursor = { ...seq, optional: true } as const;
const epoch = { type: "string", min: 1, max: 64, optional: true } as const;
const text = { type: "string", min: 1, max: 4000 } as const;
/** One of a few words, which the action knows. */
const word = { type: "string", min: 1, max: 16 } as const;
/** What a link in a mail carries. */
const mailToken = { type: "string", min: 1, max: 64, secret: true } as const;
const KIB = 1024;

/** HTTP endpoints: JSON in and out. */
export const http = [
  {
    method: "POST",
    path: "/api/auth/register",
    action: "users.register",
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { email, password, name, setup: { ...id, optional: true, secret: true } },
  },
  {
    method: "POST",
    path: "/api/auth/login",
    action: "users.login",
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { email, password: { ...password, min: 1 } },
  },
  {
    method: "POST",
    path: "/api/auth/refresh",
    action: "auth.refresh",
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { refreshToken: { type: "string", min: 1, max: 256, optional: true, secret: true } },
  },
  {
    method: "POST",
    path: "/api/auth/logout",
    action: "auth.logout",
    access: "user",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: {},
  },
  {
    method: "GET",
    path: "/api/users/me",
    action: "users.profile",
    access: "user",
    rate: "read",
    bodyLimit: 0,
    params: {},
  },
  {
    method: "PATCH",
    path: "/api/users/me",
    action: "users.update",
    access: "user",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { name },
  },
  {
    method: "POST",
    path: "/api/auth/password",
    action: "users.changePassword",
    access: "user",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { password: { ...password, min: 1 }, newPassword: password },
  },
  {
    method: "POST",
    path: "/api/auth/request-reset",
    action: "users.requestReset",
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { email },
  },
  {
    method: "POST",
    path: "/api/auth/reset-password",
    action: "users.resetPassword",
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { token: mailToken, newPassword: password },
  },
  {
    method: "POST",
    path: "/api/auth/request-verification",
    action: "users.requestVerification",
    access: "user",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: {},
  },
  {
    method: "POST",
    path: "/api/auth/verify-email",
    action: "users.verifyEmail",
    access: "public",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { token: mailToken },
  },
  {
    method: "POST",
    path: "/api/auth/change-email",
    action: "users.changeEmail",
    access: "user",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { email, password: { ...password, min: 1 } },
  },
  {
    method: "POST",
    path: "/api/auth/delete",
    action: "users.remove",
    access: "user",
    rate: "credential",
    bodyLimit: 4 * KIB,
    params: { password: { ...password, min: 1 } },
  },
  {
    method: "GET",
    path: "/api/auth/sessions",
    action: "auth.sessions",
    access: "user",
    rate: "read",
    bodyLimit: 0,
    params: {},
  },
  {
    method: "POST",
    path: "/api/auth/sessions/end",
    action: "auth.endSession",
    access: "user",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { sid: id },
  },
  {
    method: "GET",
    path: "/api/admin/users",
    action: "users.list",
    access: "admin",
    rate: "read",
    bodyLimit: 0,
    params: { after: { ...id, optional: true } },
  },
  {
    method: "POST",
    path: "/api/admin/users/role",
    action: "users.setRole",
    access: "admin",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { id, role: word },
  },
  {
    method: "POST",
    path: "/api/admin/users/disable",
    action: "users.disable",
    access: "admin",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { id },
  },
  {
    method: "POST",
    path: "/api/admin/users/enable",
    action: "users.enable",
    access: "admin",
    rate: "write",
    bodyLimit: 4 * KIB,
    params: { id },
  },
  {
    method: "GET",
    path: "/api/admin/audit",
    action: "users.audit",
    access: "admin",
    rate: "read",
    bodyLimit: 0,
    params: { before: { ...id, optional: true } },
  },
  {
    method: "GET",
    path: "/.well-known/jwks.json",
    action: "auth.jwks",
    access: "public",
    rate: "read",
    bodyLimit: 0,
    params: {},
  },
  {
    method: "GET",
    path: "/api/openapi.json",
    action: "gateway.openapi",
    access: "public",
    rate: "read",
    bodyLimit: 0,
    params: {},
  },
] as const satisfies readonly HttpEntry[];

/** Calls over the socket. No entry here may take credentials: the WAF sees a WebSocket's handshake only, never its messages. */
export const socket = [
  { action: "chat.rooms", access: "user", rate: "read", params: { after: { ...room, optional: true } } },
  {
    action: "chat.browse",
    access: "user",
    rate: "read",
    params: { prefix: { ...room, optional: true }, after: { ...room, optional: true } },
  },
  { action: "chat.create", access: "user", rate: "opening", params: { kind: word, title: name } },
  { action: "chat.direct", access: "user", rate: "opening", params: { user: id } },
  {
    action: "chat.join",
    access: "user",
    rate: "write",
    params: { room, cursor, epoch, revision: cursor },
  },
  { action: "chat.leave", access: "user", rate: "write", params: { room } },
  {
    action: "chat.members",
    access: "user",
    rate: "read",
    params: { room, state: { ...word, optional: true }, after: { ...id, optional: true } },
  },
  { action: "chat.invite", access: "user", rate: "invitation", params: { room, user: id } },
  { action: "chat.setRoomRole", access: "user", rate: "write", params: { room, user: id, role: word } },
  {
    action: "chat.mute",
    access: "user",
    rate: "write",
    params: { room, user: id, seconds: { type: "integer", min: 1, max: 2_592_000 } },
  },
  { action: "chat.unmute", access: "user", rate: "write", params: { room, user: id } },
  { action: "chat.kick", access: "user", rate: "write", params: { room, user: id } },
  { action: "chat.ban", access: "user", rate: "write", params: { room, user: id } },
  { action: "chat.unban", access: "user", rate: "write", params: { room, user: id } },
  {
    action: "chat.history",
    access: "user",
    rate: "read",
    params: { room, cursor },
  },
  {
    action: "chat.send",
    access: "user",
    rate: "write",
    params: { room, text, clientId: { type: "string", min: 1, max: 64 } },
  },
  { action: "chat.edit", access: "user", rate: "write", params: { room, seq, text } },
  { action: "chat.delete", access: "user", rate: "write", params: { room, seq } },
  {
    action: "chat.report",
    access: "user",
    rate: "report",
    params: { room, seq, reason: { type: "string", min: 1, max: 500 } },
  },
  { action: "chat.reports", access: "moderator", rate: "read", params: { after: { ...id, optional: true } } },
  { action: "chat.settleReport", access: "moderator", rate: "write", params: { report: id, outcome: word } },
  {
    action: "chat.sendMessageToAll",
    access: "moderator",
    rate: "write",
    params: { text },
  },
  { action: "chat.presence", access: "user", rate: "read", params: { room } },
  {
    action: "chat.setPresence",
    access: "user",
    rate: "write",
    params: { state: { type: "string", min: 1, max: 16 } },
  },
  { action: "chat.typing", access: "user", rate: "write", params: { room } },
  { action: "chat.read", access: "user", rate: "write", params: { room, seq, epoch } },
  { action: "chat.marks", access: "user", rate: "read", params: { room } },
] as const satisfies readonly SocketEntry[];

/** Events the server emits to sockets. */
export const emits = [
  "message",
  "messageChanged",
  "membership",
  "serverMessage",
  "drain",
  "presence",
  "typing",
  "read",
] as const;
export type EmittedEvent = (typeof emits)[number];

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
export const assets = [
  "/",
  "/account.js",
  "/admin.js",
  "/app.css",
  "/app.js",
  "/client.js",
  "/composer.js",
  "/connection.js",
  "/conversation.js",
  "/deeds.js",
  "/favicon.svg",
  "/forms.js",
  "/links.js",
  "/members.js",
  "/message-list.js",
  "/outbox.js",
  "/people.js",
  "/reports.js",
  "/requests.js",
  "/room-list.js",
  "/rooms.js",
  "/session.js",
  "/socket.io.js",
  "/timeline.js",
  "/view.js",
] as const satisfies readonly `/${string}`[];
