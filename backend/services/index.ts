import { availableParallelism } from "node:os";
import type { ServiceSchema } from "moleculer";
import { createHashingQueue } from "../domain/hashing-queue.ts";
import type { Store } from "../store/index.ts";
import { authService } from "./auth.service.ts";
import { chatService } from "./chat.service.ts";
import { housekeepingService } from "./housekeeping.service.ts";
import { usersService } from "./users.service.ts";

/** Logins and registrations that may wait for a hash; with more, waiting takes longer than people do. */
const HASHING_ROOM = 64;

/** The services behind the gateway, over one store. `clock` in milliseconds since 1970. */
export function createServices(options: {
  readonly store: Store;
  readonly clock?: () => number;
}): readonly ServiceSchema[] {
  const { store, clock = Date.now } = options;
  // half of the cores hash at most, so that the other endpoints stay fast while a flood of logins lasts
  const hashing = createHashingQueue({ lanes: Math.max(1, availableParallelism() >> 1), room: HASHING_ROOM });
  return [
    authService({ store, clock }),
    usersService({ store, hashing, clock }),
    chatService({ store, clock }),
    housekeepingService({ store, clock }),
  ];
}
