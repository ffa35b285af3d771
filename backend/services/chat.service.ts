import type { ServiceSchema } from "moleculer";
import { announce, ClientError, defineService } from "../contract/index.ts";
import { CATCH_UP, clientId, PAGE, type RoomState } from "../domain/message.ts";
import { roomName } from "../domain/room.ts";
import { messageText } from "../domain/text.ts";
import type { Store } from "../store/index.ts";
import { clean } from "./clean.ts";
import type { PresenceRegistry } from "./presence-registry.ts";
import { createReadReceipts } from "./read-receipts.ts";
import { roomAccess } from "./room-access.ts";
import { signals } from "./signals.ts";

/** Rooms and messages. Who sits in which socket room is the gateway's; what was said, and in which order, is this service's. */
export function chatService(options: {
  readonly store: Store;
  readonly clock: () => number;
  readonly registry: PresenceRegistry;
}): ServiceSchema {
  const { store, clock, registry } = options;
  const receipts = createReadReceipts();
  const enter = roomAccess({ store, clock });

  const newest = async (room: string): Promise<RoomState> => {
    const { epoch, seq } = await store.messages.position(room, clock());
    const messages = await store.messages.before(room, undefined, PAGE);
    return { room, epoch, seq: messages.at(-1)?.seq ?? seq, messages, recovered: false };
  };

  return defineService({
    name: "chat",
    async stopped() {
      receipts.stop();
    },
    actions: {
      ...signals({ store, clock, registry, receipts, enter }),

      async join(ctx) {
        const room = clean("room", roomName(ctx.params.room));
        const { cursor } = ctx.params;
        const { epoch, seq } = await store.messages.position(room, clock());
        // a position that this epoch never had says nothing about what the client has seen
        if (cursor === undefined || ctx.params.epoch !== epoch || cursor > seq) return newest(room);
        const messages = await store.messages.after(room, cursor, CATCH_UP + 1);
        if (messages.length > CATCH_UP) return newest(room);
        return { room, epoch, seq: messages.at(-1)?.seq ?? seq, messages, recovered: true };
      },

      leave: (ctx) => ({ room: clean("room", roomName(ctx.params.room)) }),

      async history(ctx) {
        const room = clean("room", roomName(ctx.params.room));
        const { epoch, seq } = await store.messages.position(room, clock());
        const messages = await store.messages.before(room, ctx.params.cursor, PAGE);
        return { room, epoch, seq, messages, recovered: true };
      },

      async send(ctx) {
        const draft = {
          room: clean("room", roomName(ctx.params.room)),
          clientId: clean("clientId", clientId(ctx.params.clientId)),
          text: clean("text", messageText(ctx.params.text)),
          authorId: ctx.meta.user.id,
          at: clock(),
        };
        const { message, repeated } = await store.messages.append(draft);
        if (!repeated) {
          await announce(ctx.broker, "chat.broadcast", { room: message.room, event: "message", payload: message });
        } else if (message.room !== draft.room || message.text !== draft.text) {
          throw new ClientError(409, "CLIENT_ID_USED", "This client id belongs to another message.", {
            field: "clientId",
          });
        }
        return { message };
      },

      async sendMessageToAll(ctx) {
        const payload = { text: clean("text", messageText(ctx.params.text)), at: clock() };
        await announce(ctx.broker, "chat.broadcast", { event: "serverMessage", payload });
        return { sent: true };
      },
    },
  });
}
