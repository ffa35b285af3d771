/**
 * The typed client, for browsers and Node.js: sessions, one connection, requests, calls and events. It has no views.
 * The folders below it have the state of features.
 */

export type { ClientOptions, ClientState } from "./client-options.ts";
export type { ClientPart } from "./client-part.ts";
export type { Connect } from "./connection.ts";
export { NamespaceClient } from "./namespace-client.ts";
export { type Backoff, type Fetch, isTemporary, RequestError, waitFor } from "./requests.ts";
export type { ClientEvent, EventListeners } from "./server-events.ts";
export type { AuditRecord, Emitted, ListedAccount, Profile, SessionInfo } from "./server-types.ts";
export { SiteClient } from "./site-client.ts";
