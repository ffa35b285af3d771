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
  /** What it does, in a few words. Lists of endpoints show it. */
  readonly summary: string;
  readonly access: Access;
  /** A class of `rate-classes.ts`, or one that a feature declares. */
  readonly rate: string;
  /** Largest request body in bytes; 0 where none is read, and the parameters are in path and query. */
  readonly bodyLimit: number;
  readonly params: Params;
  readonly returns: ObjectSchema;
  /**
   * What it does with a page's cookie: `renews` reads the refresh token from it, and removes it when it refuses; `ends`
   * removes it.
   */
  readonly session?: "renews" | "ends";
  /** Codes of the action's refusals, besides those of its parameters and of the gateway. */
  readonly refuses?: readonly string[];
  /** Further facts for readers of the OpenAPI document. */
  readonly about?: string;
}

/**
 * An endpoint that receives or sends something other than JSON: bytes, files, signed webhooks, server-sent events. It
 * is served by moleculer-web (`gateway/streams/`); the action reads the body from `ctx.stream`.
 */
export interface DeclaredStreamEntry extends Omit<JsonEntry, "kind" | "returns" | "session"> {
  readonly kind: "stream";
  readonly session?: never;
  /** The kind of body; a body is refused where this is left out. The parameters are in path and query in both cases. */
  readonly body?: StreamBody;
  readonly returns: StreamResult;
}

export type DeclaredHttpEntry = JsonEntry | DeclaredStreamEntry;

export interface DeclaredSocketEntry {
  /** Name of the call, which is also the Moleculer action. */
  readonly action: ActionName;
  readonly summary: string;
  readonly access: Role;
  /** Never `credential`, and no parameter is a secret: the edge does not see the messages of a socket. */
  readonly rate: string;
  readonly params: Readonly<Record<string, Bounded & { readonly secret?: never }>>;
  /** The result in the acknowledgement. */
  readonly returns: ObjectSchema;
  readonly refuses?: readonly string[];
  readonly about?: string;
}

/** An event that the server emits to sockets. */
export interface Emit {
  readonly about: string;
  readonly payload: ObjectSchema;
}

/** A call in a namespace. `public` is only possible in a public namespace: then clients without a token may call it. */
export interface DeclaredNamespaceCall extends Omit<DeclaredSocketEntry, "access"> {
  readonly access: Access;
}

/**
 * A Socket.IO namespace of a feature, beside the main one. It is served by moleculer-io (`gateway/namespaces/`). A
 * client joins it with a token of its own, and may only make the calls that are listed here.
 */
export interface DeclaredNamespace {
  /** The name to which clients connect: a slash, then lower-case letters, digits and hyphens. */
  readonly name: `/${string}`;
  readonly summary: string;
  /** Who may join: any client, or users who have at least this role. */
  readonly access: Access;
  readonly calls: readonly DeclaredNamespaceCall[];
  /** Events to the sockets of the namespace, by name. */
  readonly emits?: Readonly<Record<string, Emit>>;
}

/** An action that only services call. A call of a client is refused with NOT_FOUND. */
export interface ServiceAction {
  readonly params: Params;
  readonly returns: ObjectSchema;
}

/** An event between services, of this node and of others. */
interface ServiceEvent {
  readonly payload: ObjectSchema;
}

/** All that a feature declares, as plain data. Routes, types, checks and limits are derived from it. */
export interface FeatureSurface {
  /** HTTP endpoints. */
  readonly http?: readonly DeclaredHttpEntry[];
  /** Calls over the socket. */
  readonly socket?: readonly DeclaredSocketEntry[];
  /** Events to sockets, by name. */
  readonly emits?: Readonly<Record<string, Emit>>;
  /** Socket.IO namespaces of the feature. */
  readonly namespaces?: readonly DeclaredNamespace[];
  /** Codes of the feature's refusals, besides those of `codes.ts` and of the features that it uses. */
  readonly codes?: RefusalCodes;
  /** Rate classes of the feature, besides those of `rate-classes.ts` and of the features that it uses. */
  readonly rates?: RateClasses;
  /** Names of the actions that the feature writes into the audit log, for example `password.changed`. */
  readonly audits?: readonly string[];
  /** Actions for services only, by name. */
  readonly actions?: Readonly<Record<ActionName, ServiceAction>>;
  /** Events between services, by name. */
  readonly events?: Readonly<Record<string, ServiceEvent>>;
}

/** An item of the list of features. */
export interface Feature {
  /** Its folder in `backend/`. */
  readonly name: string;
  readonly surface: FeatureSurface;
  /**
   * Imports its `index.ts`. Programs that only need the surface do not call it, and load no services and no database.
   */
  readonly load: () => Promise<unknown>;
}
