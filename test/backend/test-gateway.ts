import type { ServiceSchema } from "moleculer";
import { createBroker, nodeLinks } from "../../backend/broker.ts";
import { readConfig } from "../../backend/config.ts";
import {
  type AnyAction,
  defineService,
  type Handlers,
  refuse,
  type ServiceName,
  type VerifiedToken,
} from "../../backend/contract/index.ts";
import {
  type CapTable,
  createGateway,
  type Gateway,
  SERVER_TIMES,
  type SocketFeature,
} from "../../backend/gateway/index.ts";
import { createLog } from "../../backend/log.ts";
import { type HttpEntry, http, serviceActions, socket } from "../../backend/surface.ts";
import { collectLog, NO_LIMITS, TEST_ASSETS, type TestOptions } from "./test-options.ts";
import { type TestServer, testServer } from "./test-server.ts";
import { verifyTestToken } from "./test-tokens.ts";

export interface TestGatewayOptions extends TestOptions {
  readonly caps?: CapTable;
  /** HTTP entries instead of the surface's. */
  readonly entries?: readonly HttpEntry[];
  /** Services besides those whose actions the test gives, for example those that own the actions of `entries`. */
  readonly services?: readonly ServiceSchema[];
  /** The socket features; none when left out. */
  readonly features?: readonly SocketFeature[];
  /** More options of `createGateway`. */
  readonly gatewayOptions?: Pick<
    Parameters<typeof createGateway>[1],
    "clock" | "namespaces" | "problem" | "throttles" | "writeLimitMs"
  >;
}

/** The actions of the services behind a gateway under test; those left out refuse with UNAVAILABLE. */
export type TestActions = { readonly [A in AnyAction]?: HandlerOf<A> };

type HandlerOf<A extends AnyAction> = A extends `${infer N extends ServiceName}.${infer Name}`
  ? Handlers<N>[Name & keyof Handlers<N>]
  : never;

const verifyTokenParam = (ctx: { params: { token: string } }): VerifiedToken => verifyTestToken(ctx.params.token);

const refuseAsUnavailable = (): never => {
  throw refuse("UNAVAILABLE", { retryAfter: 1 });
};

export interface TestGateway extends TestServer {
  readonly gateway: Gateway;
  /** Resolves when the node knows the gateways of this many nodes, its own included. */
  waitForNodes(count: number): Promise<void>;
}

/** The gateway alone, with services whose actions the test gives. */
export async function startTestGateway(
  actions: TestActions = {},
  options: TestGatewayOptions = {},
): Promise<TestGateway> {
  const { lines, destination } = collectLog();
  const config = readConfig({ PORT: "0", LOG_LEVEL: "info", DRAIN_SECONDS: "2", ...options.config });
  const log = createLog(config, destination);
  const links = nodeLinks(config, log);
  const broker = createBroker(config, log, links);
  const gateway = createGateway(config, {
    log,
    channel: links?.channel,
    assets: TEST_ASSETS,
    limits: options.limits ?? NO_LIMITS,
    ...(options.caps && { caps: options.caps }),
    times: { ...SERVER_TIMES, ...options.times },
    features: options.features ?? [],
    ...(options.entries && { entries: options.entries }),
    ...options.gatewayOptions,
  });
  for (const service of options.services ?? []) broker.createService(service);
  const handlers: Record<string, unknown> = { "auth.verifyToken": verifyTokenParam, ...actions };
  const actionNames = [...http, ...socket].map(({ action }) => action as string).concat(Object.keys(serviceActions));
  for (const [name, owned] of Map.groupBy(actionNames, (action) => action.slice(0, action.indexOf(".")))) {
    if (name === gateway.schema.name) continue;
    const ownHandlers = owned.map((action) => [action.slice(name.length + 1), handlers[action] ?? refuseAsUnavailable]);
    broker.createService(defineService({ name, actions: Object.fromEntries(ownHandlers) } as never));
  }
  broker.createService(gateway.schema);
  await broker.start();
  const port = await gateway.open();
  const stop = async () => {
    await gateway.drain();
    await broker.stop();
  };
  const gateways = () =>
    broker.registry.getServiceList({ onlyAvailable: true }).filter(({ name }) => name === "gateway");
  return {
    ...testServer({ url: `http://127.0.0.1:${port}`, broker, stop }, lines),
    gateway,
    async waitForNodes(count) {
      while (gateways().length < count) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
}
