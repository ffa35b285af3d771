import type { AuditRecord } from "../domain/audit.ts";
import type { MembershipChange, RoomRole } from "../domain/membership.ts";
import type { Message, RoomState } from "../domain/message.ts";
import type { Outcome, Report } from "../domain/moderation.ts";
import type { DeviceState, Presence, PresenceHere, PresenceNews, RoomPresence } from "../domain/presence.ts";
import type { ReadMarks } from "../domain/read-mark.ts";
import type { RoomKind } from "../domain/room.ts";
import type { EmittedEvent, EntryOf, Params, Role, SurfaceAction, ValuesOf } from "../surface.ts";

export type { AuditRecord } from "../domain/audit.ts";
export type { MembershipChange, RoomRole } from "../domain/membership.ts";
export type { Message, RoomState } from "../domain/message.ts";
export type { Outcome, Report } from "../domain/moderation.ts";
export type { Presence, PresenceState, RoomPresence } from "../domain/presence.ts";
export type { ReadMarks } from "../domain/read-mark.ts";
export type { RoomKind } from "../domain/room.ts";

/** Who calls: set by the gateway from a verified access token, frozen. */
export interface User {
  readonly id: string;
  readonly roles: readonly Role[];
  /** Session that the access token belongs to. */
  readonly sid: string;
}

/** What travels beside the parameters of a call. Credentials never do. */
export interface Meta {
  readonly user?: User;
  /** Where an outside request came from; absent when a service or a script calls by itself. */
  readonly client?: {
    readonly address: string;
    /** What the client calls itself, for the user's list of sessions. */
    readonly agent?: string;
  };
}

/** A user as that user sees themself. */
export interface Profile {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  /** Whether the address was shown to be the user's own, by a link in a mail. */
  readonly verified: boolean;
  readonly roles: readonly Role[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** A user as admins see one. */
export interface Listed extends Profile {
  /** Milliseconds since 1970; null while the user may sign in. */
  readonly disabledAt: number | null;
}

/** A session as its user sees it. */
export interface SessionInfo {
  readonly sid: string;
  /** Whether it is the one that asks. */
  readonly current: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly usedAt: number;
  readonly address: string | null;
  readonly agent: string | null;
}

/** What signing in gives. For browsers the gateway moves `refreshToken` into a cookie. */
export interface SignedIn {
  readonly user: Profile;
  readonly accessToken: string;
  /** Seconds until the access token ends. */
  readonly expiresIn: number;
  readonly refreshToken: string;
}

/** What an access token says once it is verified. */
export interface VerifiedToken extends User {
  /** When the token ends, in seconds since 1970 (RFC 7519 4.1.4). */
  readonly exp: number;
}

/** A room as somebody sees it who is in it or invited to it. */
export interface RoomSummary {
  readonly room: string;
  readonly kind: RoomKind;
  /** A public room's name, a private one's title, in a direct one the other's name. */
  readonly title: string;
  /** The other one in a direct room. */
  readonly peerId?: string;
  /** null while one is only invited: `chat.join` accepts, `chat.leave` declines. */
  readonly role: RoomRole | null;
  readonly members: number;
  readonly epoch: string;
  /** Position of the newest message. */
  readonly seq: number;
  /** Position up to which one has read. */
  readonly read: number;
  readonly unread: number;
  /** Milliseconds since 1970; null while one may speak. */
  readonly mutedUntil: number | null;
}

/** A public room as anybody finds it. */
export interface PublicRoom {
  readonly room: string;
  readonly members: number;
}

/** Somebody in a room; `mutedUntil` is there for those who moderate it. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly role: RoomRole;
  readonly mutedUntil?: number;
}

/** What joining answers. */
export interface JoinedRoom extends RoomState {
  readonly kind: RoomKind;
  readonly role: RoomRole;
  /** The room's revision when one became a member: what ended an earlier membership does not end this one. */
  readonly since: number;
}

/** A member after a change. */
export interface MemberChanged {
  readonly room: string;
  readonly user: string;
  readonly role: RoomRole | null;
  readonly mutedUntil: number | null;
}

/** What every action of the surface answers. An action that the surface names and this table does not is a compile error. */
export interface Results {
  "users.register": SignedIn;
  "users.login": SignedIn;
  "users.profile": Profile;
  "users.update": Profile;
  "users.changePassword": { readonly changed: true };
  "users.requestReset": { readonly requested: true };
  /** Nobody is signed in by it. */
  "users.resetPassword": { readonly changed: true };
  "users.requestVerification": { readonly requested: true };
  "users.verifyEmail": { readonly verified: true };
  /** The address changes when the link that was sent to it is opened. */
  "users.changeEmail": { readonly requested: true };
  "users.remove": { readonly removed: true };
  "users.list": { readonly users: readonly Listed[]; readonly more: boolean };
  "users.setRole": Listed;
  "users.disable": Listed;
  "users.enable": Listed;
  "users.audit": { readonly records: readonly AuditRecord[]; readonly more: boolean };
  "auth.sessions": { readonly sessions: readonly SessionInfo[] };
  "auth.endSession": { readonly ended: true };
  "auth.refresh": SignedIn;
  "auth.logout": { readonly ended: true };
  "auth.jwks": { readonly keys: readonly object[] };
  "gateway.openapi": object;
  /** Those one is in or invited to. */
  "chat.rooms": { readonly rooms: readonly RoomSummary[]; readonly more: boolean };
  "chat.browse": { readonly rooms: readonly PublicRoom[]; readonly more: boolean };
  "chat.create": RoomSummary;
  "chat.direct": RoomSummary;
  "chat.join": JoinedRoom;
  "chat.leave": { readonly room: string };
  "chat.history": RoomState;
  "chat.members": { readonly members: readonly Member[]; readonly more: boolean };
  "chat.invite": { readonly invited: true };
  "chat.setRoomRole": MemberChanged;
  "chat.mute": MemberChanged;
  "chat.unmute": MemberChanged;
  "chat.kick": MemberChanged;
  "chat.ban": MemberChanged;
  "chat.unban": MemberChanged;
  "chat.edit": { readonly message: Message };
  "chat.delete": { readonly message: Message };
  "chat.report": { readonly reported: true };
  /** Those that nobody has settled, the oldest first. */
  "chat.reports": { readonly reports: readonly Report[]; readonly more: boolean };
  "chat.settleReport": { readonly outcome: Outcome };
  "chat.send": { readonly message: Message };
  "chat.sendMessageToAll": { readonly sent: true };
  "chat.presence": RoomPresence;
  "chat.setPresence": { readonly state: DeviceState };
  /** Whether the others were told; more often than every few seconds they are not. */
  "chat.typing": { readonly told: boolean };
  /** Where the mark stands now. */
  "chat.read": { readonly room: string; readonly epoch: string; readonly seq: number };
  /** Of all members where there are few, else one's own. */
  "chat.marks": ReadMarks;
}

/** Actions that only services call: they have no entry in the surface and refuse whoever comes from outside. */
export const serviceActions = {
  "auth.verifyToken": { params: { token: { type: "string", min: 1, max: 4096, secret: true } } },
  "auth.startSession": { params: { userId: { type: "string", min: 1, max: 64 } } },
  "auth.endSessions": {
    params: {
      userId: { type: "string", min: 1, max: 64 },
      except: { type: "string", min: 1, max: 64, optional: true },
      reason: { type: "string", min: 1, max: 16 },
    },
  },
  "chat.endMemberships": { params: { userId: { type: "string", min: 1, max: 64 } } },
  "auth.generateToken": {
    params: { userId: { type: "string", min: 1, max: 64 }, sid: { type: "string", min: 1, max: 64 } },
  },
} as const satisfies Readonly<Record<string, { readonly params: Params }>>;
export type ServiceAction = keyof typeof serviceActions;

export interface ServiceResults {
  /** Throws UNAUTHORIZED for whatever is no live token of a live session. The roles are those the user has now. */
  "auth.verifyToken": VerifiedToken;
  "auth.startSession": Omit<SignedIn, "user">;
  /** Ends all sessions of a user, but for one if that is named. */
  "auth.endSessions": { readonly ended: number };
  /** Takes a user out of every room, for good. */
  "chat.endMemberships": { readonly ended: number };
  "auth.generateToken": { readonly accessToken: string; readonly expiresIn: number };
}

export type AnyAction = SurfaceAction | ServiceAction;
export type ParamsOf<A extends AnyAction> = A extends SurfaceAction
  ? ValuesOf<EntryOf<A>["params"]>
  : A extends ServiceAction
    ? ValuesOf<(typeof serviceActions)[A]["params"]>
    : never;
export type ResultOf<A extends AnyAction> = A extends SurfaceAction
  ? Results[A]
  : A extends ServiceAction
    ? ServiceResults[A]
    : never;
/** Meta as the handler of an action finds it: where the surface asks for a user there is one. */
export type MetaOf<A extends AnyAction> = A extends SurfaceAction
  ? EntryOf<A>["access"] extends "public"
    ? Meta
    : Meta & { readonly user: User }
  : Meta;

/** Events between services. */
export interface Events {
  /** A user has registered. */
  "user.created": { readonly id: string };
  /** A session has ended: every node forgets its tokens and closes its sockets at once. */
  "session.ended": { readonly sid: string };
  /** A refresh token was used again after its successor: somebody has a copy, and the session has been ended. */
  "session.reused": { readonly sid: string; readonly userId: string; readonly address?: string };
  /** A user's roles have changed, `at` milliseconds since 1970: what was decided for them before is asked again, open sockets included. */
  "user.changed": { readonly id: string; readonly at: number };
  /** Of this node alone: nobody can say any more which sessions live, so that its sockets are closed. */
  "node.blind": Record<string, never>;
  /** A node says whose sockets it holds. */
  "presence.here": PresenceHere;
  /** Somebody has missed what a node said; it is to say everything again. */
  "presence.wanted": { readonly node: string };
  /** Within one node: whose state is to be told to which rooms. */
  "presence.news": { readonly news: readonly PresenceNews[] };
  /** Somebody is no longer in a room, from this revision of it on: every node takes their sockets out at once. */
  "chat.left": { readonly room: string; readonly user: string; readonly revision: number };
  /** To the sockets of `Audience`; each node serves its own. */
  "chat.broadcast": Broadcast;
}

/** What a socket hears with each event. An event that the surface lists and this table does not is a compile error. */
export interface Emitted {
  message: Message;
  /** A message was edited or deleted: it is now this one. */
  messageChanged: Message;
  /** To one's own devices: what happened to one's membership. `by` is who did it, when it was not oneself. */
  membership: MemberChanged & {
    readonly change: MembershipChange;
    readonly kind: RoomKind;
    readonly by?: string;
  };
  /** Said to everybody; it is not stored. `at` in milliseconds since 1970. */
  serverMessage: { readonly text: string; readonly at: number };
  /** The server is about to stop: come back after so many milliseconds. */
  drain: { readonly retryAfter: number };
  /** People one shares a room with have come, gone, or left their screen. */
  presence: { readonly users: readonly Presence[] };
  /** Somebody is writing; whoever hears it forgets it after a few seconds. */
  typing: { readonly room: string; readonly user: { readonly id: string; readonly name: string } };
  /** How far some have read. */
  read: ReadMarks;
}

/** Who hears: the sockets in a room, all of some users', or everybody; but for those of one user. */
export interface Audience {
  readonly room?: string;
  readonly users?: readonly string[];
  readonly except?: string;
}
export type Broadcast = Audience &
  { [E in EmittedEvent]: { readonly event: E; readonly payload: Emitted[E] } }[EmittedEvent];
