import type { ServiceBroker } from "moleculer";
import { createBroker } from "../../../backend/broker.ts";
import {
  type AnyAction,
  call,
  type Events,
  type ParamsOf,
  type ResultOf,
  type SignedIn,
  type User,
} from "../../../backend/contract/index.ts";
import { createLog } from "../../../backend/log.ts";
import { createServices } from "../../../backend/services/index.ts";
import { openStore, type Store } from "../../../backend/store/index.ts";
import { testStorage } from "../store/test-storage.ts";

/** The services over a store of their own, with a clock that stands until it is told to move. */
export interface Running {
  readonly broker: ServiceBroker;
  readonly store: Store;
  readonly clock: { now: number };
  /** Every event that was announced, in order. */
  readonly announced: { event: string; payload: unknown }[];
  call<A extends AnyAction>(action: A, params: ParamsOf<A>, user?: User): Promise<ResultOf<A>>;
  register(name: string): Promise<SignedIn & { identity: User }>;
  stop(): Promise<void>;
}

export const PASSWORD = "correct horse battery";
const EVENTS: readonly (keyof Events)[] = [
  "user.created",
  "session.ended",
  "session.reused",
  "user.changed",
  "chat.broadcast",
];

export async function startServices(): Promise<Running> {
  const storage = await testStorage();
  const store = await openStore(storage.options);
  const clock = { now: 1_790_000_000_000 };
  const broker = createBroker({ natsUrl: undefined, nodeId: undefined }, createLog({ logLevel: "silent" }));
  const announced: Running["announced"] = [];
  for (const service of createServices({ store, clock: () => clock.now })) broker.createService(service);
  broker.createService({
    name: "listener",
    events: Object.fromEntries(
      EVENTS.map((event) => [event, (ctx: { params: unknown }) => void announced.push({ event, payload: ctx.params })]),
    ),
  });
  await broker.start();
  const running: Running = {
    broker,
    store,
    clock,
    announced,
    call: (action, params, user) => call(broker, action, params, user && { meta: { user } }),
    async register(name) {
      const email = `${name.toLowerCase()}@example.org`;
      const signedIn = await running.call("users.register", { email, password: PASSWORD, name });
      const { id, roles, sid } = await running.call("auth.verifyToken", { token: signedIn.accessToken });
      return { ...signedIn, identity: { id, roles, sid } };
    },
    async stop() {
      await broker.stop();
      await store.close();
      await storage.remove();
    },
  };
  return running;
}
