/** Types of the server that the client of the chat uses. Types alone: nothing of the server gets into a bundle. */
export type {
  DeviceState,
  Member,
  Message,
  PresenceState,
  PublicRoom,
  Report,
  RoomState,
  RoomSummary,
} from "../../chat/shapes.ts";
