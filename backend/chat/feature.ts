import type { FeatureModule } from "../feature.ts";
import { usersStore } from "../users/index.ts";
import { afterChatRestore } from "./after-restore.ts";
import { chatService } from "./chat.service.ts";
import { chatHousekeeping } from "./housekeeping.ts";
import { LocalPresence } from "./local-presence.ts";
import { chatMigrations } from "./migrations.ts";
import { presenceService } from "./presence.service.ts";
import { PRESENCE_TIMES, type PresenceTimes } from "./presence.ts";
import { createPresenceRegistry } from "./presence-registry.ts";
import { chatSockets } from "./sockets.ts";
import { chatStore } from "./store/index.ts";

/** What tests replace. */
export interface ChatOptions {
  readonly presence?: PresenceTimes;
  /** False for a node without a gateway: it has no sockets whose presence it could report. */
  readonly hasGateway?: boolean;
}

/** Rooms, their members, messages and who is online. */
export function chatFeature({ presence: times = PRESENCE_TIMES, hasGateway = true }: ChatOptions = {}): FeatureModule {
  return {
    migrations: chatMigrations,
    afterRestore: afterChatRestore,
    start({ database, clock, config: { retention, quota } }) {
      const store = { ...database.open(usersStore), ...database.open(chatStore) };
      const registry = createPresenceRegistry(times);
      const presence = new LocalPresence(times);
      return {
        services: [
          chatService({ store, clock, registry, quota }),
          presenceService({ store, presence: hasGateway ? presence : undefined, registry, times }),
        ],
        sockets: chatSockets({ presence, store }),
        housekeeping: chatHousekeeping({ store, clock, retention, quota }),
      };
    },
  };
}
