import type { Context, Service, ServiceSchema } from "moleculer";
import { announce, type Events, tell } from "../contract/index.ts";
import type { PresenceNews, PresenceTimes } from "./presence.ts";
import type { PresenceRegistry } from "./presence-registry.ts";
import { SMALL_ROOM } from "./room.ts";
import type { ChatStore } from "./store/index.ts";

export interface PresenceOptions {
  readonly store: ChatStore;
  readonly registry: PresenceRegistry;
  readonly times: PresenceTimes;
}

/** Users whose audience is looked up at once; with more news, the rest waits for the next window. */
const BATCH = 200;

/**
 * Puts together who is there, over all nodes, and lets this node's sockets know whose state has changed: each node
 * looks up for itself who may hear of it, in one query a window, so that what a crowd or a flapping client causes has a
 * limit.
 */
export function presenceService({ store, registry, times }: PresenceOptions): ServiceSchema {
  let timer: NodeJS.Timeout | undefined;
  let isTelling = false;

  async function look(service: Service): Promise<void> {
    const presences = registry.news(performance.now(), BATCH);
    if (presences.length === 0) return;
    const ids = presences.map(({ id }) => id);
    const rooms = Map.groupBy(await store.members.audience(ids, SMALL_ROOM), ({ user }) => user);
    const news: PresenceNews[] = presences.map((presence) => ({
      presence,
      rooms: (rooms.get(presence.id) ?? []).map(({ room }) => room),
    }));
    await tell(service.broker, "presence.news", { news: news.filter(({ rooms }) => rooms.length > 0) });
    registry.confirm(presences);
  }

  return {
    name: "presence",
    events: {
      async "presence.here"(this: Service, ctx: Context<Events["presence.here"]>) {
        const node = ctx.nodeID;
        if (node !== null && !registry.hear(node, ctx.params)) await announce(this.broker, "presence.wanted", { node });
      },
      "$node.disconnected"(ctx: Context<{ node: { id: string } }>) {
        registry.lost(ctx.params.node.id, performance.now());
      },
    },
    async started(this: Service) {
      timer = setInterval(() => {
        if (isTelling) return;
        isTelling = true;
        look(this)
          .catch((error: unknown) => this.logger.error("presence could not be told", error))
          .finally(() => {
            isTelling = false;
          });
      }, times.window).unref();
    },
    async stopped() {
      clearInterval(timer);
    },
  } as ServiceSchema;
}
