import { availableParallelism } from "node:os";
import type { ServiceSchema } from "moleculer";
import { authService } from "./auth/auth.service.ts";
import { authHousekeeping } from "./auth/housekeeping.ts";
import { chatService } from "./chat/chat.service.ts";
import { chatHousekeeping } from "./chat/housekeeping.ts";
import type { LocalPresence } from "./chat/local-presence.ts";
import { presenceService } from "./chat/presence.service.ts";
import { PRESENCE_TIMES, type PresenceTimes } from "./chat/presence.ts";
import { createPresenceRegistry } from "./chat/presence-registry.ts";
import type { Retention } from "./chat/store/index.ts";
import type { Registration } from "./config.ts";
import { housekeepingService, throttleHousekeeping } from "./housekeeping.service.ts";
import type { Post } from "./mail/index.ts";
import type { Store } from "./stores.ts";
import { createHashingQueue } from "./users/hashing-queue.ts";
import { usersHousekeeping } from "./users/housekeeping.ts";
import { HASH_COST, type HashCost } from "./users/password.ts";
import { SCATTER } from "./users/user-mail.ts";
import { usersService } from "./users/users.service.ts";

/** Logins and registrations that may wait for a hash; with more, waiting takes longer than people do. */
const MAX_QUEUED_HASHES = 64;

/** The services behind the gateway, over one store. `clock` in milliseconds since 1970. */
export function createServices(options: {
  readonly store: Store;
  readonly post: Post;
  /** Where the page is for people, without a slash at the end. */
  readonly site: () => string;
  readonly clock?: () => number;
  /** Milliseconds after which a request for a new password is looked at. */
  readonly scatter?: () => number;
  readonly presenceTimes?: PresenceTimes;
  /** Which users have sockets on this node; undefined for a node without a gateway. */
  readonly presence?: LocalPresence;
  /** Whether anybody may register; open when left out. */
  readonly registration?: Registration;
  /** Which messages are kept; all when left out. */
  readonly retention?: Retention;
  /** Bytes that one user's messages may take; no limit when left out. */
  readonly quota?: number;
  /** Tests hash cheaply where hashing is not their subject; no configuration reaches this. */
  readonly hashCost?: HashCost;
}): readonly ServiceSchema[] {
  const { store, post, site, clock = Date.now, scatter = () => Math.random() * SCATTER } = options;
  const { hashCost = HASH_COST, registration, quota = Number.POSITIVE_INFINITY } = options;
  const { retention = { maxAge: undefined, perRoom: undefined } } = options;
  const { presenceTimes: times = PRESENCE_TIMES } = options;
  const registry = createPresenceRegistry(times);
  // half of the cores hash at most, so that the other endpoints stay fast while a flood of logins lasts; and one of the
  // four threads of Node's pool never hashes: messages are acknowledged when it has synced the database's log
  const maxRunning = Math.min(3, Math.max(1, availableParallelism() >> 1));
  const hashing = createHashingQueue({ maxRunning, maxWaiting: MAX_QUEUED_HASHES });
  return [
    authService({ store, clock }),
    usersService({ store, hashing, hashCost, clock, post, site, scatter, registration }),
    chatService({ store, clock, registry, quota }),
    presenceService({ store, presence: options.presence, registry, times }),
    housekeepingService([
      ...authHousekeeping(store, clock),
      ...usersHousekeeping(store, clock),
      ...chatHousekeeping({ store, clock, retention, quota }),
      ...throttleHousekeeping(store.throttles, clock),
    ]),
  ];
}
