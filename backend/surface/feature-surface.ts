import type { RefusalCodes } from "./codes.ts";
import type { Bounded, ObjectSchema, Params } from "./grammar.ts";
import type { RateClasses } from "./rate-classes.ts";
import type { Access, Role } from "./roles.ts";
import type { StreamBody, StreamResult } from "./stream-grammar.ts";

/** Service and action: `todos.list`. */
type ActionName = `${string}.${string}`;

/** An endpoint that takes JSON and responds with JSON. */
interface JsonEntry {
  readonly kind?: never;
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
  /** A class of `rate-classes.ts`, or one that a feature declares. */
  readonly rate: string;
  /** Largest request body in bytes; 0 where none is read, and the parameters are in path and query. */
  readonly bodyLimit: number;
  readonly params: Params;
  readonly returns: ObjectSchema;
  /**
   * What it does to the session of a page: `renews` takes the refresh token from the page's cookie, and removes the
   * cookie when it refuses; `ends` removes the cookie.
   */
  readonly session?: "renews" | "ends";
  /** Codes with which the action refuses, besides those of its parameters and what the gateway refuses by itself. */
  readonly refuses?: readonly string[];
  /** What a reader of the OpenAPI document cannot tell from the rest of the entry. */
  readonly about?: string;
}

/**
 * An endpoint that takes or sends something else than JSON: bytes, files, signed webhooks, server-sent events. It is
 * served by moleculer-web (`gateway/streams/`); the action finds the body in `ctx.stream`.
 */
export interface DeclaredStreamEntry extends Omit<JsonEntry, "kind" | "returns" | "session"> {
  readonly kind: "stream";
  readonly session?: never;
  /** What the body is; none is taken where it is missing. The parameters are in path and query then too. */
  readonly body?: StreamBody;
  readonly returns: StreamResult;
}

export type DeclaredHttpEntry = JsonEntry | DeclaredStreamEntry;

export interface DeclaredSocketEntry {
  /** Name of the call, which is also the Moleculer action. */
  readonly action: ActionName;
  readonly summary: string;
  readonly access: Role;
  /** Never `credential`, and no parameter is a secret: what the edge cannot see carries no passwords. */
  readonly rate: string;
  readonly params: Readonly<Record<string, Bounded & { readonly secret?: never }>>;
  /** What the acknowledgement carries. */
  readonly returns: ObjectSchema;
  readonly refuses?: readonly string[];
  readonly about?: string;
}

/** An event that the server emits to sockets. */
export interface Emit {
  readonly about: string;
  readonly payload: ObjectSchema;
}

/** A call in a namespace. `public` only where the namespace is: then clients without a token may call it. */
export interface DeclaredNamespaceCall extends Omit<DeclaredSocketEntry, "access"> {
  readonly access: Access;
}

/**
 * A Socket.IO namespace of a feature's own, beside the main one. It is served by moleculer-io (`gateway/namespaces/`):
 * a client joins it with a token of its own and makes the calls that are listed here, no others.
 */
export interface DeclaredNamespace {
  /** What clients connect to: a slash, then lower-case letters, digits and hyphens. */
  readonly name: `/${string}`;
  readonly summary: string;
  /** Who may join: any client, or users who have at least this role. */
  readonly access: Access;
  readonly calls: readonly DeclaredNamespaceCall[];
  /** Events to the sockets of the namespace, by name. */
  readonly emits?: Readonly<Record<string, Emit>>;
}

/** An action that only services call: a call from outside is refused as if there were no such action. */
export interface ServiceAction {
  readonly params: Params;
  readonly returns: ObjectSchema;
}

/** An event between services, of this node and of others. */
interface ServiceEvent {
  readonly payload: ObjectSchema;
}

/** All that a feature declares: plain data, from which everything else about its entries and events is derived. */
export interface FeatureSurface {
  /** HTTP endpoints. */
  readonly http?: readonly DeclaredHttpEntry[];
  /** Calls over the socket. */
  readonly socket?: readonly DeclaredSocketEntry[];
  /** Events to sockets, by name. */
  readonly emits?: Readonly<Record<string, Emit>>;
  /** Socket.IO namespaces of its own. */
  readonly namespaces?: readonly DeclaredNamespace[];
  /** Codes with which the feature refuses, besides those of `codes.ts` and of the features that it uses. */
  readonly codes?: RefusalCodes;
  /** Rate classes of the feature, besides those of `rate-classes.ts` and of the features that it uses. */
  readonly rates?: RateClasses;
  /** Words under which the feature writes into the audit log, for example `password.changed`. */
  readonly audits?: readonly string[];
  /** Actions for services only, by name. */
  readonly actions?: Readonly<Record<ActionName, ServiceAction>>;
  /** Events between services, by name. */
  readonly events?: Readonly<Record<string, ServiceEvent>>;
}

/** One line of the list of features. */
export interface Feature {
  /** Its folder in `backend/`. */
  readonly name: string;
  readonly surface: FeatureSurface;
  /** Imports its `index.ts`, so that programs that need the surface alone do not load services and database. */
  readonly load: () => Promise<unknown>;
}
