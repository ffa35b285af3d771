import type { Broadcast, Digest, Unsubscription } from "../../contract/index.ts";
import type { Delivery, NodeChannel } from "../../nodes/index.ts";
import type { GatewayIo, GatewaySocket } from "../gateway-socket.ts";
import type { Identity } from "../identity.ts";
import type { EngineConnection } from "../internals/engine-connection.ts";
import { Admission, type AdmissionParts } from "./admission.ts";
import { ChannelComparison } from "./channel-comparison.ts";
import { ChannelPositions } from "./channel-positions.ts";
import { EventRunner, type EventRunnerParts } from "./event-runner.ts";
import { FanOut } from "./fan-out.ts";
import { Guard, type GuardParts } from "./guard.ts";
import { LocalSockets } from "./local-sockets.ts";
import { type SocketCallParts, SocketCalls } from "./socket-calls.ts";
import { deliveryOf, eventOf, receivedEvent } from "./socket-event.ts";
import type { ChannelPosition } from "./socket-feature.ts";
import { moveSockets } from "./socket-moves.ts";
import { ChannelSubscriptions } from "./subscriptions.ts";

export interface SocketParts
  extends Omit<SocketCallParts, "subscriptions">,
    Omit<EventRunnerParts, "renew">,
    Omit<AdmissionParts, "sockets" | "features" | "sessions" | "isUnfit"> {
  readonly namespaces: OtherNamespaces;
  /** Exchanges broadcasts with the other nodes; undefined when this is the only node. */
  readonly channel: NodeChannel | undefined;
  /** Milliseconds after which a transaction that another node has begun is committed, or never will be. */
  readonly writeLimitMs: number | undefined;
}

/** The other namespaces, as the gateway of the main namespace uses them. */
export interface OtherNamespaces
  extends Pick<GuardParts, "runEventInNamespace" | "isDeclared" | "checkNamespaceCount"> {
  /** Handles a delivery of another node for a namespace: its channel begins with a slash. */
  receive(delivery: Delivery): void;
  /**
   * Lets the clients of these namespaces, or of all, join their channels again, because a removal from one may be lost.
   * Names that are no namespaces are ignored.
   */
  rejoin(channels?: Iterable<string>): void;
}

/** The sockets of the main namespace on this node: who gets one, what its client calls, and what is sent to it. */
export class SocketGateway {
  readonly #parts: SocketParts;
  readonly #sockets = new LocalSockets();
  readonly #positions: ChannelPositions;
  readonly #comparison: ChannelComparison;
  readonly #subscriptions: ChannelSubscriptions;
  readonly #fanOut: FanOut;
  readonly #admission: Admission;
  readonly #events: EventRunner;
  #lateComparison: NodeJS.Timeout | undefined;
  /** Whether the late comparison follows the death of a node. */
  #hasNodeDied = false;

  constructor(parts: SocketParts) {
    this.#parts = parts;
    const sockets = this.#sockets;
    this.#positions = new ChannelPositions((channel) => this.#comparison.compareLater(channel));
    this.#comparison = new ChannelComparison(this.#positions, (batch) => this.#compare(batch));
    this.#subscriptions = new ChannelSubscriptions(
      sockets,
      this.#positions,
      (channels) => this.#comparison.compareSoon(channels),
      parts.channel,
    );
    this.#fanOut = new FanOut(sockets, this.#positions, this.#subscriptions);
    parts.users.add(sockets);
    this.#admission = new Admission({ ...parts, sockets });
    const renew = (socket: GatewaySocket, identity: Identity) => this.#admission.renew(socket, identity);
    const calls = new SocketCalls({ ...parts, subscriptions: this.#subscriptions });
    this.#events = new EventRunner({ ...parts, renew }, calls);
  }

  /** Serves the connections of Socket.IO from now on. */
  attach(io: GatewayIo): void {
    const { limits, clientOf, namespaces, connections } = this.#parts;
    const parts: GuardParts = {
      runEvent: (socket, event) => void this.#events.run(socket, event),
      runEventInNamespace: (socket, event) => namespaces.runEventInNamespace(socket, event),
      isDeclared: (namespace) => namespaces.isDeclared(namespace),
      countJoin: (conn) => limits.address("handshake", clientOf(conn).key),
      checkNamespaceCount: (count) => namespaces.checkNamespaceCount(count),
    };
    io.engine.on("connection", (conn: EngineConnection) => {
      connections.add(conn, new Guard(conn, limits.budget("packet"), parts));
    });
    io.on("connection", (socket) => void this.#admission.open(socket));
    this.#sockets.attach(io, (channel) => {
      this.#positions.forget(channel);
      this.#subscriptions.stopListening(channel);
    });
  }

  /** Verifies the token of a handshake. Rejects with the refusal. */
  authorize(socket: GatewaySocket): Promise<Identity> {
    return this.#admission.authorize(socket);
  }

  setIdentity(socket: GatewaySocket, identity: Identity): void {
    this.#admission.setIdentity(socket, identity);
  }

  /** Sends an event to sockets of this node and of the others. */
  broadcast(broadcast: Broadcast): void {
    const event = eventOf(broadcast);
    this.#fanOut.send(event);
    this.#parts.channel?.send(deliveryOf(event));
  }

  /** Sends an event to sockets of this node alone. */
  broadcastHere(broadcast: Broadcast): void {
    this.#fanOut.send(eventOf(broadcast));
  }

  /** Ends the subscriptions of a user's sockets to a channel, on this node and the others. */
  unsubscribe(unsubscription: Unsubscription): void {
    this.#subscriptions.endFor(unsubscription);
    this.#parts.channel?.send(unsubscriptionDelivery(unsubscription));
  }

  unsubscribeHere(unsubscription: Unsubscription): void {
    this.#subscriptions.endFor(unsubscription);
  }

  digestHere(digest: Digest): void {
    this.#fanOut.sendDigest(digest);
  }

  /** Compares what the sockets were sent with the database, because a broadcast may be lost. */
  compareAll(): void {
    this.#subscriptions.notePossibleLoss();
    this.#comparison.compareAll();
  }

  /**
   * Called when another node is gone. It may have stored messages without broadcasting them, and the database may still
   * commit what it has begun: compares now, and when nothing more can be committed. A node that has died, without
   * announcing its stop, may also have removed users from channels of namespaces.
   */
  compareAfterNode(hasDied: boolean): void {
    this.#hasNodeDied ||= hasDied;
    this.compareAll();
    if (hasDied) this.#parts.namespaces.rejoin();
    const { writeLimitMs } = this.#parts;
    clearTimeout(this.#lateComparison);
    if (writeLimitMs !== undefined) this.#lateComparison = setTimeout(() => this.#compareLate(), writeLimitMs).unref();
  }

  #compareLate(): void {
    const hasDied = this.#hasNodeDied;
    this.#hasNodeDied = false;
    this.compareAll();
    if (hasDied) this.#parts.namespaces.rejoin();
  }

  /** Called when another node has connected: tells it how much this one has sent, so that it notices each loss. */
  greetNode(): void {
    this.#parts.channel?.sendPacketCounts();
  }

  endSession(sid: string): void {
    this.#disconnect(this.#sockets.ofSession(sid));
  }

  /** Closes the sockets of a user whose roles have changed: the clients reconnect, and get the new roles. */
  endUser(id: string): void {
    this.#disconnect(this.#sockets.ofUser(id));
  }

  endAll(): void {
    this.#disconnect(this.#sockets.all());
  }

  /** Sockets that are connected now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Receives broadcasts of other nodes from now on. */
  start(): void {
    this.#parts.channel?.receiveWith({
      deliver: (delivery) => this.#receive(delivery),
      missed: (channels) => {
        this.#parts.namespaces.rejoin(channels);
        this.#subscriptions.notePossibleLoss(channels);
        this.#comparison.compareSoon(channels);
      },
    });
  }

  /**
   * Closes one socket after the other, evenly over so many milliseconds, so that each client connects to another node
   * while this one still serves the rest. A socket with running calls closes after them.
   */
  move(spread: number): Promise<void> {
    return moveSockets(this.#sockets.all(), spread, this.#parts.connections);
  }

  /** Refuses new clients from now on. */
  refuseNew(): void {
    this.#admission.refuseNew();
  }

  /** Waits for the running calls, then closes all sockets. */
  async drain(): Promise<void> {
    await this.#events.drain();
    this.endAll();
  }

  stop(): void {
    clearTimeout(this.#lateComparison);
    this.#comparison.stop();
    this.#parts.channel?.stop();
  }

  #disconnect(sockets: readonly GatewaySocket[]): void {
    for (const socket of sockets) this.#parts.connections.disconnect(socket);
  }

  #receive(delivery: Delivery): void {
    const { kind, channel, users = [], position } = delivery;
    if (channel?.startsWith("/")) this.#parts.namespaces.receive(delivery);
    else if (kind !== "left") this.#fanOut.send(receivedEvent(delivery));
    else if (channel !== undefined) {
      for (const user of users) this.#subscriptions.endFor({ channel, user, revision: position });
    }
  }

  /** Lets each feature send what the sockets lack of its channels. */
  async #compare(batch: readonly ChannelPosition[]): Promise<void> {
    for (const feature of this.#parts.features) {
      const known = batch.filter(({ channel }) => channel.startsWith(`${feature.name}:`));
      if (known.length === 0) continue;
      const read = (await feature.sendMissed?.(known, (broadcast) => this.broadcastHere(broadcast))) ?? [];
      const began = new Map(known.map((position) => [position.channel, position]));
      for (const position of read) this.#positions.noteCompared(position, began.get(position.channel) ?? position);
    }
  }
}

const NO_TEXT = new Uint8Array();

const unsubscriptionDelivery = ({ channel, user, revision }: Unsubscription): Delivery => ({
  ...{ kind: "left", channel, users: [user], except: undefined, epoch: "", position: revision, text: NO_TEXT },
});
