import type { TypeOf, ValuesOf } from "../surface/grammar.ts";
import type { Role } from "../surface/roles.ts";
import type { FormFile } from "../surface/stream-grammar.ts";
import type { CallInNamespace, EntryOf, ServiceEvents, SurfaceAction, serviceActions } from "../surface.ts";
import type { ChannelMeta, SocketEvents } from "./socket-events.ts";

export type { Emitted } from "./socket-events.ts";

/** The user who calls. The gateway sets it from a verified access token, and freezes it. */
export interface Caller {
  readonly id: string;
  readonly roles: readonly Role[];
  /** Session that the access token belongs to. */
  readonly sid: string;
}

/** What is sent beside the parameters of a call, on to other nodes too. It never has credentials. */
export interface Meta {
  readonly user?: Caller;
  /** The client of a request; missing when a service or a script calls by itself. */
  readonly client?: {
    readonly address: string;
    /** The `User-Agent` of the client, for the user's list of sessions. */
    readonly userAgent?: string;
    /** The id of the connector that carried the request; for `gateway.health` only. */
    readonly connector?: string;
  };
}

/** The content of a verified access token. */
export interface VerifiedToken extends Caller {
  /** When the token ends, in seconds since 1970 (RFC 7519 4.1.4). */
  readonly exp: number;
}

type ServiceActionName = keyof typeof serviceActions;

type ActionMember<A extends ServiceActionName, M extends string> = (typeof serviceActions)[A] extends {
  readonly [K in M]: infer Member;
}
  ? Member
  : never;

export type AnyAction = SurfaceAction | ServiceActionName;
export type ParamsOf<A extends AnyAction> = A extends SurfaceAction
  ? EntryParams<EntryOf<A>>
  : A extends ServiceActionName
    ? ValuesOf<ActionMember<A, "params">>
    : never;
export type ResultOf<A extends AnyAction> = A extends SurfaceAction
  ? ReturnedBy<EntryOf<A>["returns"]>
  : A extends ServiceActionName
    ? TypeOf<ActionMember<A, "returns">>
    : never;
/** With a form, its fields and files are among the parameters, beside those of path and query. */
type EntryParams<E> = E extends { readonly params: infer P }
  ? E extends { readonly body: { readonly as: "form"; readonly fields: infer F } }
    ? ValuesOf<P & F> & { readonly files: readonly FormFile[] }
    : ValuesOf<P>
  : never;
/** A `Readable` is an `AsyncIterable`; the page's types know no streams of Node.js. */
type ReturnedBy<S> = S extends { readonly as: "bytes" }
  ? Uint8Array | AsyncIterable<string | Uint8Array>
  : S extends { readonly as: "events" }
    ? AsyncIterable<unknown>
    : TypeOf<S>;

/** What the action of an entry of kind `stream` sets for its response. The names are those of moleculer-web. */
export interface StreamMeta {
  $statusCode?: 200 | 201 | 202 | 204;
  /** One of the media types that the entry declares; its first one when left out. */
  $responseType?: string;
  /** Allowed are `Content-Disposition`, `Content-Language`, `ETag`, `Last-Modified`, `Location` and `Retry-After`. */
  $responseHeaders?: Readonly<Record<string, string>>;
  /** The id of the last event that a client of server-sent events has seen. */
  readonly lastEventId?: string;
}

/** The meta of an action's context. It has a user where the entry is not public. */
export type MetaOf<A extends AnyAction> = A extends SurfaceAction ? EntryMeta<EntryOf<A>> : Meta;
type EntryMeta<E> = E extends { readonly access: "public" }
  ? Meta & KindMeta<E>
  : Meta & { readonly user: Caller } & KindMeta<E>;
type KindMeta<E> = E extends { readonly kind: "stream" }
  ? StreamMeta
  : E extends CallInNamespace
    ? ChannelMeta
    : unknown;

type DeclaredEvents = { readonly [E in keyof ServiceEvents]: TypeOf<ServiceEvents[E]["payload"]> };

/** Events between services: those that the surfaces declare, and those whose payload no schema can describe. */
export interface Events extends DeclaredEvents, SocketEvents {}
