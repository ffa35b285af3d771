import { Discoverers } from "moleculer";
import type { Contact } from "./nats-transporter.ts";

/** Seconds between two heartbeats of a node. */
export const HEARTBEAT_SECONDS = 1;
/**
 * Seconds without a heartbeat after which a node counts as dead. A live node whose connection to NATS is cut for up to
 * eight seconds stays known: it may have sent its last heartbeat 1.5 s before, and needs a moment to connect again.
 */
export const SILENCE_SECONDS = 12;
/** Milliseconds between two looks for nodes that are silent. */
const CHECK_MS = 1_000;
/** Heartbeats between two pings of every node. */
const BEATS_PER_PING = 2;
/** Milliseconds between two comparisons with the database while this node hears no other. */
const CUT_OFF_MS = 1_000;

/**
 * Finds the other nodes as Moleculer does, and notices what this node did not hear. It tells so within this node as
 * `nodes.gap`: something that other nodes broadcast may not have come, and has to be read from the database.
 *
 * - While the connection to NATS is lost, once a second. The silence of others says nothing about them then: none is
 *   declared dead, and after the return each has the full time again to be heard.
 * - After the return, at once. Every other node is asked for its information; it is pinged when that comes, so that it
 *   sees the hole that this node's packets have.
 *
 * Nodes ping each other all the time, because heartbeats have no ordinals: a packet that was lost with nothing after
 * it, for example between two servers of NATS, shows within two or three seconds.
 */
export class NodeDiscoverer extends Discoverers.Local implements Contact {
  #beats = 0;
  #cutOff: NodeJS.Timeout | undefined;

  lost(): void {
    this.#cutOff ??= setInterval(() => this.#tellGap(), CUT_OFF_MS).unref();
  }

  back(): void {
    clearInterval(this.#cutOff);
    this.#cutOff = undefined;
    const now = Math.round(process.uptime());
    for (const node of this.#others()) node.lastHeartbeatTime = now;
    this.sendHeartbeat();
    this.discoverAllNodes();
    this.#tellGap();
  }

  override startHeartbeatTimers(): void {
    super.startHeartbeatTimers();
    clearInterval(this.checkNodesTimer);
    this.checkNodesTimer = setInterval(() => this.checkRemoteNodes(), CHECK_MS).unref();
  }

  override async stop(): Promise<void> {
    clearInterval(this.#cutOff);
    await super.stop();
  }

  override processRemoteNodeInfo(...[id, info]: Parameters<Discoverers.Local["processRemoteNodeInfo"]>) {
    this.transit?.sendPing(id);
    return super.processRemoteNodeInfo(id, info);
  }

  /** Moleculer's own measures the load of the CPU before; nothing reads it. */
  override beat(): Promise<void> {
    this.#beats += 1;
    if (this.#beats % BEATS_PER_PING === 0) this.#pingAll();
    return this.sendHeartbeat();
  }

  override checkRemoteNodes(): void {
    if (!this.#cutOff) super.checkRemoteNodes();
  }

  #pingAll(): void {
    for (const { id, available } of this.#others()) if (available) this.transit?.sendPing(id);
  }

  #others() {
    return this.registry.nodes.toArray().filter(({ local }) => !local);
  }

  #tellGap(): void {
    this.broker.broadcastLocal("nodes.gap", {}).catch(() => undefined);
  }
}
