import type { TypeOf, ValuesOf } from "../surface/grammar.ts";
import type { Role } from "../surface/roles.ts";
import type { FormFile } from "../surface/stream-grammar.ts";
import type { CallInNamespace, EntryOf, ServiceEvents, SurfaceAction, serviceActions } from "../surface.ts";
import type { ChannelMeta, SocketEvents } from "./socket-events.ts";

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

type ServiceActionName = keyof typeof serviceActions;

type MemberOf<A extends ServiceActionName, M extends string> = (typeof serviceActions)[A] extends {
  readonly [K in M]: infer Member;
}
  ? Member
  : never;

export type AnyAction = SurfaceAction | ServiceActionName;
export type ParamsOf<A extends AnyAction> = A extends SurfaceAction
  ? EntryParams<EntryOf<A>>
  : A extends ServiceActionName
    ? ValuesOf<MemberOf<A, "params">>
    : never;
export type ResultOf<A extends AnyAction> = A extends SurfaceAction
  ? ReturnedBy<EntryOf<A>["returns"]>
  : A extends ServiceActionName
    ? TypeOf<MemberOf<A, "returns">>
    : never;
/** The fields and files of a form stand beside the parameters of path and query. */
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

/** What the action of an entry of kind `stream` says about its answer, in moleculer-web's words. */
export interface StreamMeta {
  $statusCode?: 200 | 201 | 202 | 204;
  /** One of the media types that the entry declares; its first one when left out. */
  $responseType?: string;
  /** Of `Content-Disposition`, `Content-Language`, `ETag`, `Last-Modified`, `Location` and `Retry-After`. */
  $responseHeaders?: Readonly<Record<string, string>>;
  /** The id of the last event that a client of server-sent events has seen. */
  readonly lastEventId?: string;
}

/** Meta as the handler of an action finds it: where the surface asks for a user there is one. */
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

/** Events between services: those that the surfaces declare, and those that carry what no schema can. */
export interface Events extends DeclaredEvents, SocketEvents {}
