import type { Context, Service, ServiceSchema } from "moleculer";
import { announce, announceHere, type Events } from "../contract/index.ts";
import { channelOf } from "./channel.ts";
import type { LocalPresence } from "./local-presence.ts";
import type { PresenceTimes } from "./presence.ts";
import type { PresenceRegistry } from "./presence-registry.ts";
import { MAX_SMALL_ROOM_MEMBERS } from "./room.ts";
import type { ChatStore } from "./store/index.ts";

export interface PresenceOptions {
  readonly store: { readonly members: Pick<ChatStore["members"], "smallRoomsOf"> };
  /** Undefined for a node without a gateway. */
  readonly presence: LocalPresence | undefined;
  readonly registry: PresenceRegistry;
  readonly times: PresenceTimes;
}

/** Maximum number of users whose changes are broadcast in one window. The rest waits for the next window. */
const MAX_CHANGES_PER_WINDOW = 200;

/**
 * Reports to the other nodes which users have sockets on this one, and combines the reports of all nodes. Each node
 * sends changes to its own sockets. It looks up which of them may see a user's state, in one query for each window: so
 * the work is limited, however many clients connect and disconnect.
 */
export function presenceService({ store, presence, registry, times }: PresenceOptions): ServiceSchema {
  let timers: readonly NodeJS.Timeout[] = [];
  let isBroadcasting = false;

  async function broadcastChanges(service: Service): Promise<void> {
    const presences = registry.changes(performance.now(), MAX_CHANGES_PER_WINDOW);
    if (presences.length === 0) return;
    const ids = presences.map(({ id }) => id);
    const rooms = Map.groupBy(await store.members.smallRoomsOf(ids, MAX_SMALL_ROOM_MEMBERS), ({ user }) => user);
    const items = presences.map((value) => ({
      value,
      channels: (rooms.get(value.id) ?? []).map(({ room }) => channelOf(room)),
    }));
    const withAudience = items.filter(({ channels }) => channels.length > 0);
    await announceHere(service.broker, "sockets.digestHere", {
      event: "presence",
      field: "users",
      items: withAudience,
    });
    registry.confirmBroadcast(presences);
  }

  return {
    name: "presence",
    events: {
      async "presence.here"(this: Service, ctx: Context<Events["presence.here"]>) {
        const node = ctx.nodeID;
        if (node !== null && !registry.applyReport(node, ctx.params))
          await announce(this.broker, "presence.wanted", { node });
      },
      "presence.wanted"(this: Service, ctx: Context<Events["presence.wanted"]>) {
        if (ctx.params.node === this.broker.nodeID) presence?.repeatAll();
      },
      "$node.connected"() {
        presence?.repeatAll();
      },
      "$node.disconnected"(ctx: Context<{ node: { id: string } }>) {
        registry.markNodeLost(ctx.params.node.id, performance.now());
      },
    },
    async started(this: Service) {
      const logFailure = (error: unknown) => this.logger.error("presence could not be reported", error);
      const reportSockets = () => {
        const report = presence?.nextReport();
        if (report) announce(this.broker, "presence.here", report).catch(logFailure);
      };
      const broadcastChangesUnlessBusy = () => {
        if (isBroadcasting) return;
        isBroadcasting = true;
        broadcastChanges(this)
          .catch(logFailure)
          .finally(() => {
            isBroadcasting = false;
          });
      };
      // the broadcast first: this node's report then arrives before the next broadcast, like those of other nodes
      timers = [broadcastChangesUnlessBusy, reportSockets].map((run) => setInterval(run, times.windowMs).unref());
    },
    async stopped() {
      for (const timer of timers) clearInterval(timer);
    },
  } as ServiceSchema;
}
