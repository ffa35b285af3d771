import type { ServiceBroker } from "moleculer";
import { createBroker } from "../../backend/broker.ts";
import type { Registration } from "../../backend/config.ts";
import {
  type AnyAction,
  type Broadcast,
  type Caller,
  call,
  type Events,
  type ParamsOf,
  publicError,
  type ResultOf,
} from "../../backend/contract/index.ts";
import { createLog } from "../../backend/log.ts";
import type { Mail } from "../../backend/mail/mail.ts";
import { createPost, type Post } from "../../backend/mail/post.ts";
import { memoryThrottles } from "../../backend/throttle/throttle-memory.ts";
import type { HashCost } from "../../backend/users/password.ts";
import type { SignedIn } from "../../backend/users/shapes.ts";
import { eventDifferences, outcomeDifferences } from "./openapi-differences.ts";
import { openStore, type Store } from "./store/open-store.ts";
import { testStorage } from "./store/test-storage.ts";
import { CHEAP_HASHES, testServices } from "./test-modules.ts";

/** The services over a store of their own, with a clock that stands until it is told to move. */
export interface Running {
  readonly broker: ServiceBroker;
  readonly store: Store;
  readonly clock: { now: number };
  /** Every event that was announced, in order. */
  readonly announced: { event: string; payload: unknown }[];
  /** Every mail that was sent, in order. */
  readonly mails: Mail[];
  /** Resolves with the next mail that is sent. */
  nextMail(): Promise<Mail>;
  /** What services that write mails are made with. */
  readonly mail: { readonly post: Post; site(): string; resetDelayMs(): number };
  call<A extends AnyAction>(action: A, params: ParamsOf<A>, user?: Caller): Promise<ResultOf<A>>;
  register(name: string): Promise<SignedIn & { identity: Caller }>;
  stop(): Promise<void>;
}

/** Where links in mails lead. */
export const SITE = "https://chat.example.org";
export const PASSWORD = "correct horse battery";
const EVENTS: readonly (keyof Events)[] = [
  "user.created",
  "user.removed",
  "session.ended",
  "session.reused",
  "user.changed",
  "sockets.broadcast",
  "sockets.unsubscribe",
];

export async function startServices({
  hashCost = CHEAP_HASHES,
  registration = "open",
  quota = Number.POSITIVE_INFINITY,
}: {
  readonly hashCost?: HashCost;
  readonly registration?: Registration;
  readonly quota?: number;
} = {}): Promise<Running> {
  const storage = await testStorage();
  const store = await openStore(storage.options);
  const clock = { now: 1_790_000_000_000 };
  const broker = createBroker({ nats: undefined, nodeId: undefined }, createLog({ logLevel: "silent" }));
  const announced: Running["announced"] = [];
  const mails: Mail[] = [];
  const readers: ((mail: Mail) => void)[] = [];
  const carrier = {
    async deliver(mail: Mail) {
      mails.push(mail);
      for (const read of readers.splice(0)) read(mail);
    },
  };
  const post = createPost({
    carrier,
    log: createLog({ logLevel: "silent" }),
    throttles: memoryThrottles(), // so that a mail is delivered within the turn of the event loop
    clock: () => clock.now,
  });
  const mail = { post, site: () => SITE, resetDelayMs: () => 0 };
  const { resetDelayMs, ...sent } = mail;
  for (const service of await testServices(
    { database: store, registration, quota, ...sent },
    { clock: () => clock.now, hashCost, resetDelayMs },
  ))
    broker.createService(service);
  broker.createService({
    name: "listener",
    events: Object.fromEntries(
      EVENTS.map((event) => [event, (ctx: { params: unknown }) => void announced.push({ event, payload: ctx.params })]),
    ),
  });
  await broker.start();
  /** What the OpenAPI document does not say of what was answered and told. */
  const unlike: string[] = [];
  const described = async <T>(action: AnyAction, attempt: Promise<T>): Promise<T> => {
    await attempt.then(
      (result) => unlike.push(...outcomeDifferences(action, null, result)),
      (thrown) => unlike.push(...outcomeDifferences(action, publicError(thrown), undefined)),
    );
    return attempt;
  };
  const running: Running = {
    broker,
    store,
    clock,
    announced,
    mails,
    nextMail: () => new Promise((resolve) => readers.push(resolve)),
    mail,
    call: (action, params, user) => described(action, call(broker, action, params, user && { meta: { user } })),
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
      for (const { event, payload } of announced) {
        const told = payload as Broadcast;
        if (event === "sockets.broadcast") unlike.push(...eventDifferences(told.event, told.payload));
      }
      if (unlike.length > 0) throw new Error(unlike.join("\n"));
    },
  };
  return running;
}
