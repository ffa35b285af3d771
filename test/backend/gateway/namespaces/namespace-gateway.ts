import type { Context, ServiceSchema } from "moleculer";
import { Manager, type Socket } from "socket.io-client";
import { type ChannelMeta, type Meta, rolesFrom } from "../../../../backend/contract/index.ts";
import { integer, object, string, unbounded } from "../../../../backend/surface/grammar.ts";
import type { NamespaceCall, NamespaceEntry } from "../../../../backend/surface.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";

export type JobContext = Context<{ readonly id: string; readonly percent: number }, Meta & ChannelMeta>;

/** What the actions of a test do, by name; `report` answers with its `percent` where a test does not replace it. */
type Handlers = Readonly<Record<string, (ctx: JobContext) => unknown>>;

const text = unbounded.string();
const id = string({ min: 1, max: 200 });

function callOf(action: `${string}.${string}`, more: Partial<NamespaceCall> = {}): NamespaceCall {
  const usual = { summary: "A test's own", access: "user", rate: "write", params: {}, returns: object({}) } as const;
  return { action, ...usual, ...more };
}

/** `/jobs` for users, `/staff` for moderators, `/open` for anybody. */
const NAMESPACES = [
  {
    name: "/jobs",
    summary: "Run jobs and watch them",
    access: "user",
    calls: [
      callOf("jobs.whoami", { returns: object({ user: text }) }),
      callOf("jobs.report", { params: { id, percent: integer({ min: 0, max: 100 }) } }),
      callOf("jobs.watch", { params: { id } }),
      callOf("jobs.unwatch", { params: { id } }),
      callOf("jobs.fail"),
      callOf("jobs.cancel", { access: "moderator" }),
    ],
    emits: { progress: { about: "A job goes on.", payload: object({ id: text, percent: unbounded.integer() }) } },
  },
  {
    ...{ name: "/staff", summary: "For moderators", access: "moderator" },
    calls: [callOf("staff.whoami", { access: "moderator", returns: object({ user: text }) })],
  },
  {
    ...{ name: "/open", summary: "For anybody", access: "public" },
    calls: [callOf("open.whoami", { access: "public", returns: object({ user: text }) }), callOf("open.secret")],
    emits: { news: { about: "To all.", payload: object({ text }) } },
  },
] as const satisfies readonly NamespaceEntry[];

const whoami = ({ meta }: JobContext) => ({ user: meta.user?.id ?? "nobody" });
const HANDLERS: Handlers = {
  "jobs.whoami": whoami,
  "jobs.report": ({ params }) => ({ percent: params.percent }),
  "jobs.watch": (ctx) => {
    ctx.meta.$join = ctx.params.id;
    return {};
  },
  "jobs.unwatch": (ctx) => {
    ctx.meta.$leave = ctx.params.id;
    return {};
  },
  "jobs.cancel": () => ({}),
  "staff.whoami": whoami,
  "open.whoami": whoami,
  "open.secret": whoami,
};

/** The services behind the namespaces. Their parameters are not checked again, so that tests see what arrives. */
function jobServices(handlers: Handlers = {}): readonly ServiceSchema[] {
  const calls = NAMESPACES.flatMap(({ calls }): readonly NamespaceCall[] => calls);
  return ["jobs", "staff", "open"].map((name) => ({
    name,
    actions: Object.fromEntries(
      calls
        .filter(({ action }) => action.startsWith(`${name}.`))
        .map(({ action, access }) => [
          action.slice(name.length + 1),
          {
            ...(access === "public" ? { auth: "public" } : { auth: "required", roles: rolesFrom(access) }),
            visibility: "published",
            handler: handlers[action] ?? HANDLERS[action] ?? (() => ({})),
          },
        ]),
    ) as NonNullable<ServiceSchema["actions"]>,
  }));
}

type Options = NonNullable<Parameters<typeof startTestGateway>[1]>;

export function startNamespaceGateway(handlers: Handlers = {}, options: Options = {}): Promise<TestGateway> {
  return startTestGateway(
    {},
    {
      services: jobServices(handlers),
      ...options,
      gatewayOptions: { ...options.gatewayOptions, namespaces: NAMESPACES },
    },
  );
}

/** One connection of socket.io-client, for several namespaces. Closed by `close`. */
export class TestConnection {
  readonly #manager: Manager;

  constructor(url: string) {
    this.#manager = new Manager(url, { transports: ["websocket"], reconnection: false, autoConnect: false });
  }

  /** Joins a namespace; rejects with the server's refusal. The connection closes when it is in none any more. */
  join(namespace: string, token?: string): Promise<Socket> {
    const socket = this.#manager.socket(namespace);
    socket.auth = token === undefined ? {} : { token };
    return new Promise((resolve, reject) => {
      socket.once("connect", () => resolve(socket)).once("connect_error", reject);
      socket.connect();
    });
  }

  /** Resolves when the connection is closed. */
  get closed(): Promise<void> {
    return new Promise((resolve) => this.#manager.engine.once("close", () => resolve()));
  }

  close(): void {
    this.#manager._close();
  }
}
