import { type ChannelRemoval, refuse } from "../../contract/index.ts";
import type { Delivery, NodeChannel } from "../../nodes/index.ts";
import type { NamespaceEntry } from "../../surface.ts";
import type { GatewayIo, GatewaySocket } from "../gateway-socket.ts";
import type { Identity } from "../identity.ts";
import type { EventPacket } from "../internals/packets.ts";
import { Slots } from "../limits/caps/slots.ts";
import type { CapTable } from "../limits/caps/table.ts";
import { moveSocket, moveSockets } from "../sockets/socket-moves.ts";
import type { OtherNamespaces } from "../sockets/sockets.ts";
import { checkChannelName } from "./channels.ts";
import { eventDelivery, receivedNamespaceEvent, removalDelivery } from "./delivery.ts";
import type { IoContext } from "./moleculer-io.ts";
import { Namespace, type NamespaceParts } from "./namespace.ts";

/**
 * Socket.IO namespaces of features. moleculer-io finds the action of a call and calls it, on this node or another one.
 * Before that the gateway decides which clients may join and which calls are made; afterwards it turns errors into
 * refusals and sends the response.
 */

export interface NamespacesParts extends Omit<NamespaceParts, "anonymous" | "caps"> {
  readonly entries: readonly NamespaceEntry[];
  readonly caps: CapTable;
  /** Exchanges broadcasts with the other nodes; undefined when this is the only node. */
  readonly channel: NodeChannel | undefined;
}

/** An event to sockets of a namespace, as a service announces it: a `NamespaceBroadcast` of any declared namespace. */
export interface NamespaceEmission {
  readonly namespace: string;
  readonly event: string;
  readonly payload: unknown;
  readonly channel?: string;
  readonly users?: readonly string[];
  readonly except?: string;
}

/** Maximum milliseconds over which sockets are closed after a loss, and milliseconds for each of them. */
const MAX_REJOIN_MS = 5_000;
const REJOIN_MS_PER_SOCKET = 10;

/** All namespaces of this node except the main one. */
export class Namespaces implements OtherNamespaces {
  readonly #parts: NamespacesParts;
  readonly #namespaces: ReadonlyMap<string, Namespace>;
  readonly #anonymous: Slots;
  #refusedJoins = 0;

  constructor(parts: NamespacesParts) {
    const { entries, caps } = parts;
    this.#parts = parts;
    this.#anonymous = new Slots(caps.anonymousSockets);
    const own: NamespaceParts = { ...parts, anonymous: this.#anonymous };
    this.#namespaces = new Map(entries.map((entry) => [entry.name, new Namespace(entry, own)]));
  }

  /** Serves the sockets of Socket.IO from now on. Resolves when this node receives what others send to namespaces. */
  async attach(io: GatewayIo): Promise<void> {
    for (const namespace of this.#namespaces.values()) namespace.attach(io);
    const { channel } = this.#parts;
    await Promise.all([...this.#namespaces.keys()].map((name) => channel?.follow(name)));
  }

  isDeclared(namespace: string): boolean {
    return this.#namespaces.has(namespace);
  }

  checkNamespaceCount(namespaces: number): void {
    if (namespaces < this.#parts.caps.namespaces.connection) return;
    this.#refusedJoins += 1;
    throw refuse("RATE_LIMITED", { retryAfter: 10 });
  }

  authorize(socket: GatewaySocket): Promise<Identity | undefined> {
    return this.#namespaceOf(socket).admission.authorize(socket);
  }

  setIdentity(socket: GatewaySocket, identity: Identity): void {
    this.#namespaceOf(socket).admission.setIdentity(socket, identity);
  }

  runEventInNamespace(socket: GatewaySocket, event: EventPacket): void {
    void this.#namespaceOf(socket).events.run(socket, event);
  }

  /** Called when an action has returned: its socket joins and leaves the channels that the action names. */
  applyCall(ctx: IoContext, socket: GatewaySocket): void {
    this.#namespaceOf(socket).channels.applyCall(ctx, socket);
  }

  /**
   * Sends an event to sockets of this node and of the others. Throws for an event that is not declared, and for an
   * empty name of a channel: other nodes would send the event to all sockets.
   */
  emit({ namespace, event, payload, channel, users, except }: NamespaceEmission): void {
    const one = this.#namespaces.get(namespace);
    if (!one) throw new Error(`The surface declares no namespace ${namespace}.`);
    if (channel !== undefined) checkChannelName(channel);
    const own = { namespace, channel, users, except, packet: one.encode(event, payload) };
    one.send(own);
    this.#parts.channel?.send(eventDelivery(own));
  }

  /** Removes the sockets of a user from a channel, on this node and the others. */
  removeUser(removal: ChannelRemoval): void {
    checkChannelName(removal.channel);
    this.#namespaces.get(removal.namespace)?.channels.remove(removal.channel, removal.user);
    this.#parts.channel?.send(removalDelivery(removal));
  }

  receive(delivery: Delivery): void {
    const { kind, channel = "", users = [], epoch } = delivery;
    const namespace = this.#namespaces.get(channel);
    if (kind !== "left") namespace?.send(receivedNamespaceEvent(delivery));
    else for (const user of users) namespace?.channels.remove(epoch, user);
  }

  /**
   * Removes all sockets of these namespaces, or of all, from their channels, and lets their clients reconnect and join
   * the channels again, so that the services check them anew. Needed where a removal from a channel may be lost.
   */
  rejoin(channels: Iterable<string> = this.#namespaces.keys()): void {
    const { connections } = this.#parts;
    const concerned = [...channels].flatMap((name) => this.#namespaces.get(name)?.channels.removeAll() ?? []);
    // a call that is running was perhaps permitted before the removal: it must not join a channel
    for (const socket of concerned) if (socket.data.runningCalls) moveSocket(socket, connections);
    void moveSockets(
      concerned.filter(({ data }) => !data.isMoving),
      Math.min(MAX_REJOIN_MS, concerned.length * REJOIN_MS_PER_SOCKET),
      connections,
    );
  }

  endSession(sid: string): void {
    for (const namespace of this.#namespaces.values()) namespace.endSession(sid);
  }

  /** Closes the sockets of a user whose roles have changed: the clients reconnect, and get the new roles. */
  endUser(id: string): void {
    for (const namespace of this.#namespaces.values()) namespace.endUser(id);
  }

  /** Closes the sockets of all users; clients without a token stay. */
  endUsers(): void {
    for (const namespace of this.#namespaces.values()) namespace.endUsers();
  }

  /** Sockets in all namespaces. */
  get open(): number {
    return [...this.#namespaces.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** What the limits of namespaces count now. */
  get readings() {
    const { used, refused } = this.#anonymous;
    return { open: this.open, anonymous: { used, refused }, full: this.#refusedJoins };
  }

  /** Closes one socket after the other, evenly over so many milliseconds, each after its running calls. */
  move(spread: number): Promise<void> {
    const all = [...this.#namespaces.values()].flatMap((namespace) => namespace.all());
    return moveSockets(all, spread, this.#parts.connections);
  }

  /** Refuses new clients from now on. */
  refuseNew(): void {
    for (const { admission } of this.#namespaces.values()) admission.refuseNew();
  }

  /** Waits for the running calls, then closes all sockets. */
  async drain(): Promise<void> {
    await Promise.all([...this.#namespaces.values()].map(({ events }) => events.drain()));
    this.stop();
  }

  stop(): void {
    for (const namespace of this.#namespaces.values()) namespace.endAll();
  }

  #namespaceOf({ nsp: { name } }: GatewaySocket): Namespace {
    const namespace = this.#namespaces.get(name);
    if (!namespace) throw new Error(`invariant: the guard lets no client join ${name}, which is not declared`);
    return namespace;
  }
}
