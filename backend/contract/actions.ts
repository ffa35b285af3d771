import type { Message, RoomState } from "../domain/message.ts";
import type { EntryOf, Params, Role, SurfaceAction, ValuesOf } from "../surface.ts";

export type { Message, RoomState } from "../domain/message.ts";

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
  readonly client?: { readonly address: string };
}

/** A user as that user sees themself. */
export interface Profile {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly roles: readonly Role[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
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

/** What every action of the surface answers. An action that the surface names and this table does not is a compile error. */
export interface Results {
  "users.register": SignedIn;
  "users.login": SignedIn;
  "users.profile": Profile;
  "auth.refresh": SignedIn;
  "auth.logout": { readonly ended: true };
  "auth.jwks": { readonly keys: readonly object[] };
  "gateway.openapi": object;
  "chat.join": RoomState;
  "chat.leave": { readonly room: string };
  "chat.history": RoomState;
  "chat.send": { readonly message: Message };
  "chat.sendMessageToAll": { readonly sent: true };
}

/** Actions that only services call: they have no entry in the surface and refuse whoever comes from outside. */
export const serviceActions = {
  "auth.verifyToken": { params: { token: { type: "string", min: 1, max: 4096, secret: true } } },
  "auth.startSession": { params: { userId: { type: "string", min: 1, max: 64 } } },
  "auth.generateToken": {
    params: { userId: { type: "string", min: 1, max: 64 }, sid: { type: "string", min: 1, max: 64 } },
  },
} as const satisfies Readonly<Record<string, { readonly params: Params }>>;
export type ServiceAction = keyof typeof serviceActions;

export interface ServiceResults {
  /** Throws UNAUTHORIZED for whatever is no live token of a live session. The roles are those the user has now. */
  "auth.verifyToken": VerifiedToken;
  "auth.startSession": Omit<SignedIn, "user">;
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
  /** To everybody in a room, or to everybody when no room is named; each node serves its own sockets. */
  "chat.broadcast": { readonly room?: string; readonly event: string; readonly payload: unknown };
}
