import type { RoomSummary } from "../../client/chat/index.ts";
import type { SiteClient } from "../../client/index.ts";

/** Whether the user may moderate a room, as far as the page can see. The server decides. */
export function canModerate({ user }: SiteClient, room: RoomSummary | undefined): boolean {
  if (!room || room.kind === "direct") return false;
  if (room.kind === "public" && user?.roles.includes("moderator")) return true;
  return room.role === "owner" || room.role === "moderator";
}
