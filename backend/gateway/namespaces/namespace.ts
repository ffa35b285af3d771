import type { NamespaceEntry } from "../../surface.ts";
import type { GatewayIo, GatewaySocket } from "../gateway-socket.ts";
import { encodeEvent, prefixOf, send } from "../internals/packets.ts";
import type { CapTable } from "../limits/caps/table.ts";
import { EventRunner, type EventRunnerParts } from "../sockets/event-runner.ts";
import { LocalSockets } from "../sockets/local-sockets.ts";
import { NamespaceAdmission, type NamespaceAdmissionParts } from "./admission.ts";
import { ListedCalls } from "./calls.ts";
import { NamespaceChannels } from "./channels.ts";
import type { NamespaceEvent } from "./delivery.ts";

export interface NamespaceParts extends NamespaceAdmissionParts, Omit<EventRunnerParts, "renew"> {
  readonly caps: Pick<CapTable, "namespaces">;
}

/** One namespace on this node: which clients may join, what they call, and what is sent to them. */
export class Namespace {
  readonly admission: NamespaceAdmission;
  readonly events: EventRunner;
  readonly channels: NamespaceChannels;
  readonly #entry: NamespaceEntry;
  readonly #sockets: LocalSockets;
  readonly #disconnect: (socket: GatewaySocket) => void;

  constructor(entry: NamespaceEntry, parts: NamespaceParts) {
    const { caps, connections, users } = parts;
    this.#entry = entry;
    this.#sockets = new LocalSockets(entry.name);
    users.add(this.#sockets);
    this.#disconnect = (socket) => connections.disconnect(socket);
    this.channels = new NamespaceChannels(this.#sockets, caps.namespaces.channels);
    this.admission = new NamespaceAdmission(entry, this.#sockets, parts);
    const renew: EventRunnerParts["renew"] = (socket, identity) => this.admission.renew(socket, identity);
    const calls = new ListedCalls(entry, { ...parts, maxCalls: caps.namespaces.calls });
    this.events = new EventRunner({ ...parts, renew }, calls);
  }

  attach(io: GatewayIo): void {
    this.#sockets.attach(io, () => undefined);
    io.of(this.#entry.name).on("connection", (socket) => this.admission.open(socket));
  }

  get size(): number {
    return this.#sockets.size;
  }

  all(): readonly GatewaySocket[] {
    return this.#sockets.all();
  }

  /** Encodes an event for `send`. Throws for one that the surface does not declare. */
  encode(event: string, payload: unknown): NamespaceEvent["packet"] {
    const { name, emits = {} } = this.#entry;
    if (!Object.hasOwn(emits, event)) throw new Error(`The namespace ${name} emits no ${event}.`);
    return encodeEvent(event, payload, prefixOf(name));
  }

  /** Sends an event to the sockets of its audience on this node. */
  send({ channel, users, except, packet }: Omit<NamespaceEvent, "namespace">): void {
    const inChannel = channel === undefined ? [] : this.#sockets.inChannel(channel);
    const ofUsers = (users ?? []).flatMap((user) => this.#sockets.ofUser(user));
    const isForAll = channel === undefined && users === undefined;
    for (const socket of new Set(isForAll ? this.all() : [...inChannel, ...ofUsers]))
      if (except === undefined || socket.data.identity?.user.id !== except) send(socket, packet);
  }

  endSession(sid: string): void {
    this.#sockets.ofSession(sid).forEach(this.#disconnect);
  }

  endUser(id: string): void {
    this.#sockets.ofUser(id).forEach(this.#disconnect);
  }

  /** Closes all sockets that have an identity. */
  endUsers(): void {
    for (const socket of this.all()) if (socket.data.identity) this.#disconnect(socket);
  }

  /** Closes all sockets. */
  endAll(): void {
    for (const socket of this.all()) this.#disconnect(socket);
  }
}
