import type { Context, ServiceBroker } from "moleculer";
import { announce, type Meta } from "../contract/index.ts";
import { channelOf } from "./channel.ts";
import type { MembershipChange } from "./membership.ts";
import type { Room } from "./room.ts";
import type { ChatParts } from "./room-access.ts";
import type { MemberChanged } from "./shapes.ts";
import type { ChangeCheck } from "./store/index.ts";

/** What has caused a change: a call, an event, or housekeeping, which has no caller. */
type ChangeOrigin = Pick<Context<unknown, Meta>, "broker" | "meta">;

/**
 * Ends a membership, and announces it to every node, to the user, and to a new owner of the room. Returns false when
 * there was no membership. The events follow the commit: calls in between are refused by the store.
 */
export async function endMembership(
  { store, clock }: ChatParts,
  origin: ChangeOrigin,
  room: Room,
  userId: string,
  change: "left" | "kicked" | "banned",
  check?: ChangeCheck,
): Promise<boolean> {
  const ended = await store.members.end(room.key, userId, change === "banned" ? "banned" : "out", clock(), check);
  if (!ended) return false;
  await announce(origin.broker, "sockets.unsubscribe", {
    channel: channelOf(room.key),
    user: userId,
    revision: ended.revision,
  });
  await announceMembership(origin, room, userId, change, { role: null, mutedUntil: null });
  const { successor } = ended;
  if (successor !== undefined) {
    await announceMembership(origin, room, successor, "role", { role: "owner", mutedUntil: null });
  }
  return true;
}

/** Ends all memberships of a user whose account was removed, in the lobby too, and declines the user's invitations. */
export async function endMembershipsOf(parts: ChatParts, broker: ServiceBroker, userId: string): Promise<void> {
  const { store, clock } = parts;
  for (const room of await store.members.roomsOf(userId)) {
    const standing = await store.rooms.findStanding(room, userId);
    // no standing is found in a private room that its last member has left
    if (standing?.membership?.state === "in") {
      await endMembership(parts, { broker, meta: {} }, standing.room, userId, "left");
    } else await store.members.revoke(room, userId, "invited", clock());
  }
}

/** Sends the event `membership` to a user's devices. */
export async function announceMembership(
  { broker, meta }: ChangeOrigin,
  room: Pick<Room, "key" | "kind">,
  user: string,
  change: MembershipChange,
  { role, mutedUntil }: Pick<MemberChanged, "role" | "mutedUntil">,
): Promise<void> {
  const by = meta.user?.id ?? user;
  await announce(broker, "sockets.broadcast", {
    users: [user],
    event: "membership",
    payload: { room: room.key, kind: room.kind, user, change, role, mutedUntil, ...(by === user ? {} : { by }) },
  });
}
