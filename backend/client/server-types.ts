/** Every type of the server that the client uses: types alone, so that nothing of the server gets into a bundle. */
export type { DeviceState } from "../chat/presence.ts";
export type {
  AuditRecord,
  Emitted,
  Listed,
  Member,
  Message,
  ParamsOf,
  PresenceState,
  Profile,
  PublicRoom,
  Report,
  ResultOf,
  RoomSummary,
  SessionInfo,
  SignedIn,
} from "../contract/actions.ts";
export type { RoomState } from "../surface/rooms.ts";
export type { SocketAction } from "../surface.ts";

import type { http } from "../surface.ts";

/** `METHOD /path` of every endpoint, and the action behind it. */
export type Endpoints = {
  [E in (typeof http)[number] as `${E["method"]} ${E["path"]}`]: E["action"];
};
