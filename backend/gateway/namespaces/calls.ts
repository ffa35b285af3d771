import { type Meta, parameterError, refuse } from "../../contract/index.ts";
import { object } from "../../surface/grammar.ts";
import { compileValidator, type Validator } from "../../surface/validator.ts";
import type { NamespaceCall, NamespaceEntry } from "../../surface.ts";
import type { AssertionGuard } from "../assertion-guard.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { checkAccess } from "../identity.ts";
import { prefixOf } from "../internals/packets.ts";
import { countUse, type EventRunnerParts, type NamespaceCalls } from "../sockets/event-runner.ts";
import { callByMoleculerIo } from "./moleculer-io.ts";

export interface ListedCallParts extends Pick<EventRunnerParts, "sessions" | "limits"> {
  /** Calls that one socket may have under way. */
  readonly maxCalls: number;
  /** Undefined where administrators need no assertion. */
  readonly assertions: AssertionGuard | undefined;
}

interface CheckedCall {
  readonly entry: NamespaceCall;
  readonly validate: Validator;
}

/** The calls that a namespace of a feature lists. The gateway decides which of them reach moleculer-io. */
export class ListedCalls implements NamespaceCalls {
  readonly prefix: string;
  readonly #parts: ListedCallParts;
  readonly #listed: ReadonlyMap<string, CheckedCall>;

  constructor({ name, calls }: NamespaceEntry, parts: ListedCallParts) {
    this.prefix = prefixOf(name);
    this.#parts = parts;
    this.#listed = new Map(
      calls.map((entry) => [entry.action, { entry, validate: compileValidator(object(entry.params)) }]),
    );
  }

  isDeclared(action: string): boolean {
    return this.#listed.has(action);
  }

  async call(socket: GatewaySocket, action: unknown, given: unknown): Promise<unknown> {
    const { sessions, limits, maxCalls, assertions } = this.#parts;
    const { identity, client, runningCalls = 0 } = socket.data;
    if (!client) throw refuse("UNAUTHORIZED");
    if (runningCalls > maxCalls) throw refuse("RATE_LIMITED", { retryAfter: 1 });
    const listed = typeof action === "string" ? this.#listed.get(action) : undefined;
    if (!listed) throw refuse("NOT_FOUND");
    const { entry, validate } = listed;
    checkAccess(entry.access, identity);
    const params = given ?? {};
    const mismatch = validate(params);
    if (mismatch) throw parameterError(mismatch);
    countUse(limits, entry.rate, identity, client);
    await assertions?.checkSocket(entry.access, identity, socket);
    await limits.onAllNodes(entry.rate, client.key, identity?.user.id);
    // the session may have ended while the limits of all nodes were waited for
    if (identity && !sessions.isCurrent(identity)) throw refuse("UNAUTHORIZED");
    return callByMoleculerIo(socket, entry.action, params);
  }
}

/** The `meta` that the actions of a namespace get. */
export function metaOfSocket({ data: { identity, client } }: GatewaySocket): Meta {
  return { ...(identity && { user: identity.user }), ...(client && { client: { address: client.address } }) };
}
