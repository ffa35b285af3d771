import type { ServiceSchema } from "moleculer";
import { announceHere, defineService } from "../contract/index.ts";
import { type ChangePoll, pollChanges } from "../store/index.ts";
import { createAuditTrail } from "../users/index.ts";
import { channelOf } from "./channel.ts";
import { chatExport } from "./chat-export.ts";
import { chatMessages } from "./chat-messages.ts";
import { chatModeration } from "./chat-moderation.ts";
import { chatReports } from "./chat-reports.ts";
import { chatRooms } from "./chat-rooms.ts";
import { chatSearch } from "./chat-search.ts";
import { endMembershipsOf } from "./memberships.ts";
import type { PresenceRegistry } from "./presence-registry.ts";
import { createReadReceipts } from "./read-receipts.ts";
import { LOBBY } from "./room.ts";
import { type ChatParts, signalRoomFinder } from "./room-access.ts";
import { signals } from "./signals.ts";

/**
 * Rooms, members and messages. This service decides who may be in a room, and stores its messages. The gateway knows
 * which sockets have subscribed to a room.
 */
export function chatService(
  options: ChatParts & { readonly registry: PresenceRegistry; readonly quota: number },
): ServiceSchema {
  const { store, clock, registry, quota } = options;
  const receipts = createReadReceipts();
  const parts = { store, clock, audit: createAuditTrail(store, clock) };
  let membershipEnds: ChangePoll | undefined;
  return defineService({
    name: "chat",
    async started() {
      const { broker } = this;
      membershipEnds = pollChanges({
        clock,
        changedSince: (since) => store.members.endedSince(since),
        keyOf: ({ room, user, revision }) => `${room} ${user} ${revision}`,
        onChange: ({ room, user, revision }) => {
          const unsubscription = { channel: channelOf(room), user, revision };
          announceHere(broker, "sockets.unsubscribeHere", unsubscription).catch((error: unknown) =>
            broker.logger.error(error),
          );
        },
      });
    },
    async stopped() {
      membershipEnds?.stop();
      receipts.stop();
    },
    actions: {
      ...chatRooms({ ...parts, registry }),
      ...chatMessages({ ...parts, quota }),
      ...chatModeration(parts),
      ...chatReports(parts),
      ...chatSearch(parts),
      ...chatExport(store),
      ...signals({ store, clock, registry, receipts, findRoom: signalRoomFinder(store) }),
    },
    events: {
      // every node gets the event, and the first one adds the user to the lobby. Where all miss it, the user is added
      // on first joining the lobby
      async "user.created"(ctx) {
        const limit = Number.MAX_SAFE_INTEGER;
        await store.members.enter({
          room: LOBBY,
          userId: ctx.params.id,
          at: clock(),
          fromStates: ["none"],
          maxMembers: limit,
        });
      },
      // the node that has removed the account ends its memberships; when it dies before, housekeeping ends them
      async "user.removed"({ broker, nodeID, params }) {
        if (nodeID === broker.nodeID) await endMembershipsOf(parts, broker, params.id);
      },
    },
  });
}
