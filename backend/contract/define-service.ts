import type { ActionSchema, CallingOptions, Context, Service, ServiceBroker, ServiceSchema } from "moleculer";
import { SurfaceError } from "../surface/mistakes.ts";
import { paramsOf } from "../surface/stream-grammar.ts";
import { http, namespaceCalls, ROLES, type Role, serviceActions, socket } from "../surface.ts";
import type { AnyAction, Events, Meta, MetaOf, ParamsOf, ResultOf } from "./actions.ts";
import { TO_SOCKETS } from "./socket-events.ts";
import { rulesOf } from "./validation.ts";

declare module "moleculer" {
  interface ActionSchema {
    /**
     * Who may call: with `public` every client, with `required` users who have one of `roles`, with `service` only
     * other services. An action without it cannot be registered.
     */
    auth?: "public" | "required" | "service";
    roles?: readonly Role[];
    /** Whether the action takes or returns a stream. */
    streams?: boolean;
  }
}

/** The services that own declared actions. */
export type ServiceName = AnyAction extends infer A ? (A extends `${infer Name}.${string}` ? Name : never) : never;

type NamesIn<N extends ServiceName> = AnyAction extends infer A
  ? A extends `${N}.${infer Name}`
    ? Name
    : never
  : never;
type ActionNamed<N extends ServiceName, Name extends string> = Extract<AnyAction, `${N}.${Name}`>;

/** The context with which the handler of an action is called. */
export type ContextOf<A extends AnyAction> = Context<ParamsOf<A>, MetaOf<A>>;

/** The type of a service's handlers: one for each action that is declared for this service, and no other. */
export type Handlers<N extends ServiceName> = {
  readonly [Name in NamesIn<N>]: (
    ctx: ContextOf<ActionNamed<N, Name>>,
  ) => Promise<ResultOf<ActionNamed<N, Name>>> | ResultOf<ActionNamed<N, Name>>;
};

type EventHandlers = {
  readonly [E in keyof Events]?: (ctx: Context<Events[E], Meta>) => void | Promise<void>;
};

export interface ServiceDefinition<N extends ServiceName> {
  readonly name: N;
  readonly actions: Handlers<N>;
  readonly events?: EventHandlers;
  readonly created?: () => void;
  readonly started?: (this: Service) => void | Promise<void>;
  readonly stopped?: () => void | Promise<void>;
}

/**
 * Makes a Moleculer service of plain handlers. Who may call an action, with which parameters, and from where, comes
 * from its entry in the surface or in `serviceActions`, so that it is not written twice.
 */
export function defineService<N extends ServiceName>(definition: ServiceDefinition<N>): ServiceSchema {
  const { actions, events, ...rest } = definition;
  return {
    ...rest,
    ...(events ? { events: events as NonNullable<ServiceSchema["events"]> } : {}),
    actions: Object.fromEntries(
      Object.entries(actions).map(([name, handler]) => [
        name,
        { ...actionRules(`${definition.name}.${name}` as AnyAction), handler: handler as ActionSchema["handler"] },
      ]),
    ) as NonNullable<ServiceSchema["actions"]>,
  };
}

type ActionRules = Pick<ActionSchema, "auth" | "roles" | "params" | "visibility" | "streams">;

/**
 * Who may call an action, with which parameters, and from where. Throws a SurfaceError for an action that is not
 * declared.
 */
export function actionRules(name: AnyAction): ActionRules {
  const entry = [...http, ...socket, ...namespaceCalls].find(({ action }) => action === name);
  if (!entry) {
    if (!Object.hasOwn(serviceActions, name)) {
      throw new SurfaceError([
        `${name}: a service has a handler for it and no entry declares it; add one to the surface.ts of its feature ` +
          "(to `actions` there, when only services call it), or remove the handler.",
      ]);
    }
    const { params } = serviceActions[name as keyof typeof serviceActions];
    return { auth: "service", visibility: "public", params: rulesOf(params) };
  }
  const rules: ActionRules = {
    auth: "public",
    visibility: "published",
    params: rulesOf(paramsOf(entry)),
    ...("kind" in entry && { streams: true }),
  };
  return entry.access === "public" ? rules : { ...rules, auth: "required", roles: rolesFrom(entry.access) };
}

/** The roles that include this one. */
export function rolesFrom(least: Role): readonly Role[] {
  return ROLES.slice(ROLES.indexOf(least));
}

/** Calls an action with the parameters and the result that its declaration gives it. */
export function call<A extends AnyAction>(
  from: Pick<ServiceBroker, "call"> | Pick<Context, "call">,
  action: A,
  params: ParamsOf<A>,
  options?: CallingOptions,
): Promise<ResultOf<A>> {
  return (from as Pick<ServiceBroker, "call">).call<ResultOf<A>, ParamsOf<A>>(action, params, options);
}

/** Sends an event to the services of this node alone. */
export function announceHere<E extends keyof Events>(
  to: Pick<ServiceBroker, "broadcastLocal">,
  event: E,
  payload: Events[E],
): Promise<void> {
  return to.broadcastLocal(event, payload);
}

/** Sends an event to all nodes, this one included. */
export function announce<E extends keyof Events>(
  from: Pick<ServiceBroker, "broadcast" | "broadcastLocal">,
  event: E,
  payload: Events[E],
): Promise<void> {
  return TO_SOCKETS.has(event) ? from.broadcastLocal(event, payload) : from.broadcast(event, payload);
}
