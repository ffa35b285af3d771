import type { Context, Service, ServiceSchema } from "moleculer";
import { announce, type Events, tell } from "../contract/index.ts";
import { channelOf } from "./channel.ts";
import type { LocalPresence } from "./local-presence.ts";
import type { PresenceTimes } from "./presence.ts";
import type { PresenceRegistry } from "./presence-registry.ts";
import { SMALL_ROOM } from "./room.ts";
import type { ChatStore } from "./store/index.ts";

export interface PresenceOptions {
  readonly store: { readonly members: Pick<ChatStore["members"], "audience"> };
  /** Undefined for a node without a gateway. */
  readonly presence: LocalPresence | undefined;
  readonly registry: PresenceRegistry;
  readonly times: PresenceTimes;
}

/** Maximum number of changes that are broadcast in a window. The rest waits for the next one. */
const BATCH = 200;

/**
 * Reports to the other nodes which users have sockets on this one, and combines the reports of all nodes. Each node
 * sends changes to its own sockets. It looks up which of them may see a user's state, in one query for each window: so
 * the work is limited, however many clients connect and disconnect.
 */
export function presenceService({ store, presence, registry, times }: PresenceOptions): ServiceSchema {
  let timers: readonly NodeJS.Timeout[] = [];
  let isTelling = false;

  async function tellNews(service: Service): Promise<void> {
    const presences = registry.news(performance.now(), BATCH);
    if (presences.length === 0) return;
    const ids = presences.map(({ id }) => id);
    const rooms = Map.groupBy(await store.members.audience(ids, SMALL_ROOM), ({ user }) => user);
    const items = presences.map((value) => ({
      value,
      channels: (rooms.get(value.id) ?? []).map(({ room }) => channelOf(room)),
    }));
    const heard = items.filter(({ channels }) => channels.length > 0);
    await tell(service.broker, "sockets.digestHere", { event: "presence", field: "users", items: heard });
    registry.confirm(presences);
  }

  return {
    name: "presence",
    events: {
      async "presence.here"(this: Service, ctx: Context<Events["presence.here"]>) {
        const node = ctx.nodeID;
        if (node !== null && !registry.hear(node, ctx.params)) await announce(this.broker, "presence.wanted", { node });
      },
      "presence.wanted"(this: Service, ctx: Context<Events["presence.wanted"]>) {
        if (ctx.params.node === this.broker.nodeID) presence?.repeat();
      },
      "$node.connected"() {
        presence?.repeat();
      },
      "$node.disconnected"(ctx: Context<{ node: { id: string } }>) {
        registry.lost(ctx.params.node.id, performance.now());
      },
    },
    async started(this: Service) {
      const failed = (error: unknown) => this.logger.error("presence could not be told", error);
      const tellHere = () => {
        const here = presence?.tick();
        if (here) announce(this.broker, "presence.here", here).catch(failed);
      };
      const tellNewsOnce = () => {
        if (isTelling) return;
        isTelling = true;
        tellNews(this)
          .catch(failed)
          .finally(() => {
            isTelling = false;
          });
      };
      // the broadcast first: this node's report then arrives before the next broadcast, like those of other nodes
      timers = [tellNewsOnce, tellHere].map((run) => setInterval(run, times.window).unref());
    },
    async stopped() {
      for (const timer of timers) clearInterval(timer);
    },
  } as ServiceSchema;
}
