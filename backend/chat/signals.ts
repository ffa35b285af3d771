import { clean } from "../contract/clean.ts";
import { announce, type Handlers } from "../contract/index.ts";
import type { UsersStore } from "../users/index.ts";
import { channelOf } from "./channel.ts";
import { deviceState, LOOKED_AT } from "./presence.ts";
import type { PresenceRegistry } from "./presence-registry.ts";
import type { ReadReceipts } from "./read-receipts.ts";
import { SMALL_ROOM } from "./room.ts";
import { type EnterRoom, inside, keyOf, mayWrite } from "./room-access.ts";
import type { ChatStore } from "./store/index.ts";
import { createTypingPace } from "./typing.ts";

export interface SignalOptions {
  readonly store: ChatStore & UsersStore;
  readonly clock: () => number;
  readonly registry: PresenceRegistry;
  readonly receipts: ReadReceipts;
  readonly enter: EnterRoom;
}

type Signals = Pick<Handlers<"chat">, "presence" | "setPresence" | "typing" | "read" | "marks">;

/**
 * What members of a room show each other without a message: that they are online, that they are writing, how far they
 * have read.
 */
export function signals({ store, clock, registry, receipts, enter }: SignalOptions): Signals {
  const mayTell = createTypingPace();

  return {
    async presence(ctx) {
      const { room } = await enter(ctx.params.room, ctx.meta.user.id);
      const members = await store.members.ids(room, LOOKED_AT + 1);
      const users = members
        .slice(0, LOOKED_AT)
        .map((id) => ({ id, state: registry.stateOf(id) }))
        .filter(({ state }) => state !== "offline");
      return { room, users, complete: members.length <= LOOKED_AT };
    },

    // the state belongs to the socket that calls: `sockets.ts` keeps it when this call has succeeded
    setPresence: (ctx) => ({ state: clean("state", deviceState(ctx.params.state)) }),

    async typing(ctx) {
      const { id } = ctx.meta.user;
      const standing = await store.rooms.standing(keyOf(ctx), id);
      mayWrite(standing, clock());
      const room = inside(standing).room.key;
      if (!mayTell(room, id, clock())) return { told: false };
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
      const entered = await enter(ctx.params.room, userId);
      const { room, epoch } = entered;
      // a position of another epoch says nothing about this one
      const isOld = ctx.params.epoch !== undefined && ctx.params.epoch !== epoch;
      if (isOld) return { room, epoch, seq: (await store.readMarks.find(room, epoch, userId))?.seq ?? 0 };
      const mark = { room, userId, epoch, seq: Math.min(ctx.params.seq, entered.seq) };
      const { seq, moved } = await store.readMarks.move(mark);
      if (moved) receipts.moved(ctx.broker, entered, { user: userId, seq });
      return { room, epoch, seq };
    },

    async marks(ctx) {
      const userId = ctx.meta.user.id;
      const { room, epoch, isSmall } = await enter(ctx.params.room, userId);
      if (isSmall) return { room, epoch, marks: await store.readMarks.of(room, epoch, SMALL_ROOM) };
      const own = await store.readMarks.find(room, epoch, userId);
      return { room, epoch, marks: own ? [own] : [] };
    },
  };
}
