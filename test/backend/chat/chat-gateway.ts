import { LocalPresence } from "../../../backend/chat/local-presence.ts";
import { presenceService } from "../../../backend/chat/presence.service.ts";
import { PRESENCE_TIMES, type PresenceTimes } from "../../../backend/chat/presence.ts";
import { createPresenceRegistry } from "../../../backend/chat/presence-registry.ts";
import { chatSockets } from "../../../backend/chat/sockets.ts";
import type { ResultOf } from "../../../backend/contract/index.ts";
import { startTestGateway, type TestActions, type TestGateway, type TestGatewayOptions } from "../test-gateway.ts";

/** What joining a public room answers where nothing has been said yet. */
export const joinedRoom = (room: string, of: Partial<ResultOf<"chat.join">> = {}): ResultOf<"chat.join"> => ({
  ...{ room, kind: "public", role: "member", since: 0, epoch: "e", seq: 0, revision: 0 },
  ...{ messages: [], changed: [], recovered: false, ...of },
});

/** A gateway under test has no database: what its sockets have missed cannot be read. */
const away = () => Promise.reject(new Error("there is no database"));
const AWAY = { rooms: { positions: away }, messages: { sentWithin: away, changedWithin: away } };

/** What the chat does with the sockets of a gateway under test. */
export const testChatSockets = (presence = new LocalPresence(PRESENCE_TIMES)) => chatSockets({ presence, store: AWAY });

/** Users of a gateway under test share no room. */
const presenceParts = (presence: LocalPresence, times: PresenceTimes): Parameters<typeof presenceService>[0] => ({
  ...{ presence, times, registry: createPresenceRegistry(times) },
  store: { members: { smallRoomsOf: async () => [] } },
});

/**
 * The gateway alone, with what the chat does with its sockets, over services that do what the test says. It tells who
 * is present where `presence` is given.
 */
export function startChatGateway(
  actions: TestActions = {},
  { presence, services = [], ...options }: TestGatewayOptions & { readonly presence?: PresenceTimes } = {},
): Promise<TestGateway> {
  const local = new LocalPresence(presence ?? PRESENCE_TIMES);
  return startTestGateway(actions, {
    features: [testChatSockets(local)],
    services: [...services, ...(presence ? [presenceService(presenceParts(local, presence))] : [])],
    ...options,
  });
}
