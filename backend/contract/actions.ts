import type { PresenceHere } from "../chat/presence.ts";
import type { SignedIn } from "../surface/accounts.ts";
import { optional, type Params, string, type TypeOf, type ValuesOf } from "../surface/grammar.ts";
import type { EntryOf, Role, SurfaceAction } from "../surface.ts";
import type { SocketEvents } from "./socket-events.ts";

export type { AuditRecord, Listed, Profile, SessionInfo, SignedIn } from "../surface/accounts.ts";
export type {
  JoinedRoom,
  Member,
  MemberChanged,
  Message,
  PresenceState,
  PublicRoom,
  Report,
  RoomSummary,
} from "../surface/rooms.ts";
export type { Emitted } from "./socket-events.ts";

/** Who calls: set by the gateway from a verified access token, frozen. */
export interface Caller {
  readonly id: string;
  readonly roles: readonly Role[];
  /** Session that the access token belongs to. */
  readonly sid: string;
}

/** What travels beside the parameters of a call. Credentials never do. */
export interface Meta {
  readonly user?: Caller;
  /** Where an outside request came from; absent when a service or a script calls by itself. */
  readonly client?: {
    readonly address: string;
    /** What the client calls itself, for the user's list of sessions. */
    readonly agent?: string;
  };
}

/** What an access token says once it is verified. */
export interface VerifiedToken extends Caller {
  /** When the token ends, in seconds since 1970 (RFC 7519 4.1.4). */
  readonly exp: number;
}

const id = string({ min: 1, max: 64 });

/** Actions that only services call: they have no entry in the surface, and refuse every call from outside. */
export const serviceActions = {
  "auth.verifyToken": { params: { token: string({ min: 1, max: 4096, secret: true }) } },
  "auth.startSession": {
    params: {
      userId: id,
      /** `hashMark` of the hash that a password was verified against. */
      password: optional(string({ min: 1, max: 64, secret: true })),
    },
  },
  "auth.endSessions": { params: { userId: id, except: optional(id), reason: string({ min: 1, max: 16 }) } },
  "auth.knownAddresses": { params: { userId: id } },
  "chat.endMemberships": { params: { userId: id } },
  "auth.generateToken": { params: { userId: id, sid: id } },
} as const satisfies Readonly<Record<string, { readonly params: Params }>>;
type ServiceAction = keyof typeof serviceActions;

interface ServiceResults {
  /** Throws UNAUTHORIZED for whatever is no live token of a live session. The roles are those the user has now. */
  "auth.verifyToken": VerifiedToken;
  /** Throws CREDENTIALS when the password has been changed since it was verified. */
  "auth.startSession": Omit<SignedIn, "user">;
  /** Ends all sessions of a user, but for one if that is named. */
  "auth.endSessions": { readonly ended: number };
  /** From where the user has signed in, or renewed a session that may live now. */
  "auth.knownAddresses": { readonly addresses: readonly string[] };
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
  ? TypeOf<EntryOf<A>["answers"]>
  : A extends ServiceAction
    ? ServiceResults[A]
    : never;
/** Meta as the handler of an action finds it: where the surface asks for a user there is one. */
export type MetaOf<A extends AnyAction> = A extends SurfaceAction
  ? EntryOf<A>["access"] extends "public"
    ? Meta
    : Meta & { readonly user: Caller }
  : Meta;

/** Events between services. */
export interface Events extends SocketEvents {
  /** A user has registered. */
  "user.created": { readonly id: string };
  /** A session has ended: every node forgets its tokens and closes its sockets at once. */
  "session.ended": { readonly sid: string };
  /** A refresh token was used again after its successor: a second client has a copy, so the session has been ended. */
  "session.reused": { readonly sid: string; readonly userId: string; readonly address?: string };
  /**
   * A user's roles have changed, `at` milliseconds since 1970: what was decided for them before is asked again, open
   * sockets included.
   */
  "user.changed": { readonly id: string; readonly at: number };
  /** Within one node: it can no longer find out which sessions have ended, so its sockets are closed. */
  "node.blind": Record<string, never>;
  /** Within one node: something is stored that may not have been broadcast here. */
  "nodes.gap": Record<string, never>;
  /** A node says whose sockets it holds. */
  "presence.here": PresenceHere;
  /** Another node has missed presence of this `node`, which is to send all of it again. */
  "presence.wanted": { readonly node: string };
}
