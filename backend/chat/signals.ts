import { announce, type Handlers } from "../contract/index.ts";
import { requireValid } from "../contract/require-valid.ts";
import type { UsersStore } from "../users/index.ts";
import { channelOf } from "./channel.ts";
import { checkDeviceState, MAX_PRESENCE_MEMBERS } from "./presence.ts";
import type { PresenceRegistry } from "./presence-registry.ts";
import type { ReadReceipts } from "./read-receipts.ts";
import { MAX_SMALL_ROOM_MEMBERS } from "./room.ts";
import { assertMayWrite, assertMember, type FindSignalRoom, requireRoomKey } from "./room-access.ts";
import type { ChatStore } from "./store/index.ts";
import { createTypingFilter } from "./typing.ts";

export interface SignalOptions {
  readonly store: ChatStore & UsersStore;
  readonly clock: () => number;
  readonly registry: PresenceRegistry;
  readonly receipts: ReadReceipts;
  readonly findRoom: FindSignalRoom;
}

type Signals = Pick<Handlers<"chat">, "presence" | "setPresence" | "typing" | "read" | "marks">;

/**
 * What members of a room show each other without a message: that they are online, that they are writing, how far they
 * have read.
 */
export function signals({ store, clock, registry, receipts, findRoom }: SignalOptions): Signals {
  const shouldBroadcastTyping = createTypingFilter();

  return {
    async presence(ctx) {
      const { room } = await findRoom(ctx.params.room, ctx.meta.user.id);
      const members = await store.members.memberIds(room, MAX_PRESENCE_MEMBERS + 1);
      const users = members
        .slice(0, MAX_PRESENCE_MEMBERS)
        .map((id) => ({ id, state: registry.stateOf(id) }))
        .filter(({ state }) => state !== "offline");
      return { room, users, complete: members.length <= MAX_PRESENCE_MEMBERS };
    },

    // the state belongs to the socket that calls: `sockets.ts` keeps it when this call has succeeded
    setPresence: (ctx) => ({ state: requireValid("state", checkDeviceState(ctx.params.state)) }),

    async typing(ctx) {
      const { id } = ctx.meta.user;
      const standing = await store.rooms.findStanding(requireRoomKey(ctx), id);
      assertMayWrite(standing, clock());
      const room = assertMember(standing).room.key;
      if (!shouldBroadcastTyping(room, id, clock())) return { told: false };
      const name = (await store.users.find(id))?.name ?? "";
      const payload = { room, user: { id, name } };
      await announce(ctx.broker, "sockets.broadcast", {
        channel: channelOf(room),
        except: id,
        event: "typing",
        payload,
      });
      return { told: true };
    },

    async read(ctx) {
      const userId = ctx.meta.user.id;
      const signalRoom = await findRoom(ctx.params.room, userId);
      const { room, epoch } = signalRoom;
      // a position of another epoch says nothing about this one
      const isOld = ctx.params.epoch !== undefined && ctx.params.epoch !== epoch;
      if (isOld) return { room, epoch, seq: (await store.readMarks.find(room, epoch, userId))?.seq ?? 0 };
      const mark = { room, userId, epoch, seq: Math.min(ctx.params.seq, signalRoom.seq) };
      const { seq, hasMoved } = await store.readMarks.move(mark);
      if (hasMoved) receipts.add(ctx.broker, signalRoom, { user: userId, seq });
      return { room, epoch, seq };
    },

    async marks(ctx) {
      const userId = ctx.meta.user.id;
      const { room, epoch, isSmall } = await findRoom(ctx.params.room, userId);
      if (isSmall) return { room, epoch, marks: await store.readMarks.of(room, epoch, MAX_SMALL_ROOM_MEMBERS) };
      const ownMark = await store.readMarks.find(room, epoch, userId);
      return { room, epoch, marks: ownMark ? [ownMark] : [] };
    },
  };
}
