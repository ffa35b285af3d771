import type { Context } from "moleculer";
import { announce, type Meta } from "../contract/index.ts";
import { channelOf } from "./channel.ts";
import type { MembershipChange } from "./membership.ts";
import type { Room } from "./room.ts";
import type { ChatParts } from "./room-access.ts";
import type { MemberChanged } from "./shapes.ts";
import type { Check } from "./store/index.ts";

/**
 * Ends a membership and tells every node, the user, and the user who owns the room now. False when there was none. The
 * event follows the commit: what asks the store in between is refused already.
 */
export async function endMembership(
  { store, clock }: ChatParts,
  ctx: Context<unknown, Meta>,
  room: Room,
  userId: string,
  change: "left" | "kicked" | "banned",
  check?: Check,
): Promise<boolean> {
  const ended = await store.members.end(room.key, userId, change === "banned" ? "banned" : "out", clock(), check);
  if (!ended) return false;
  await announce(ctx.broker, "sockets.unsubscribe", {
    channel: channelOf(room.key),
    user: userId,
    revision: ended.revision,
  });
  await tellMembership(ctx, room, userId, change, { role: null, mutedUntil: null });
  const { successor } = ended;
  if (successor !== undefined) await tellMembership(ctx, room, successor, "role", { role: "owner", mutedUntil: null });
  return true;
}

/** Tells a user's devices what happened to the user's membership. */
export async function tellMembership(
  ctx: Context<unknown, Meta>,
  room: Pick<Room, "key" | "kind">,
  user: string,
  change: MembershipChange,
  { role, mutedUntil }: Pick<MemberChanged, "role" | "mutedUntil">,
): Promise<void> {
  const by = ctx.meta.user?.id ?? user;
  await announce(ctx.broker, "sockets.broadcast", {
    users: [user],
    event: "membership",
    payload: { room: room.key, kind: room.kind, user, change, role, mutedUntil, ...(by === user ? {} : { by }) },
  });
}
