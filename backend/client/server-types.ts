/** Types of the server that the client uses. Types alone: nothing of the server gets into a bundle. */
export type { SessionInfo } from "../auth/shapes.ts";
export type { Emitted, ParamsOf, ResultOf } from "../contract/actions.ts";
export type { NamespaceEntry, SocketAction, TypeOf, ValuesOf } from "../surface.ts";
export type { AuditRecord, ListedAccount, Profile, SignedIn } from "../users/shapes.ts";

import type { http } from "../surface.ts";

/** `METHOD /path` of every endpoint, and the action behind it. */
export type Endpoints = {
  [E in (typeof http)[number] as `${E["method"]} ${E["path"]}`]: E["action"];
};
