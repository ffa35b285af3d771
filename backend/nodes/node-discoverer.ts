import { Discoverers } from "moleculer";
import type { ConnectionListener } from "./nats-transporter.ts";

/** Seconds between two heartbeats of a node. */
export const HEARTBEAT_SECONDS = 1;
/**
 * Seconds without a heartbeat after which a node counts as dead. A live node whose connection to NATS is cut for up to
 * eight seconds stays known: it may have sent its last heartbeat 1.5 s before, and needs a moment to connect again.
 */
export const SILENCE_SECONDS = 12;
/** Milliseconds between two checks for silent nodes. */
const CHECK_INTERVAL_MS = 1_000;
/** Heartbeats between two pings of every node. */
const BEATS_PER_PING = 2;
/** Milliseconds between two `nodes.gap` events while the connection to NATS is lost. */
const GAP_INTERVAL_MS = 1_000;

/**
 * Finds the other nodes as Moleculer does, and notices when packets may be lost. It then emits `nodes.gap` within this
 * node: something that other nodes broadcast may not have arrived, and has to be read from the database.
 *
 * - While the connection to NATS is lost, once a second. Missing heartbeats mean nothing then: no node is declared
 *   dead, and after the reconnect each has the full time again to send one.
 * - After the reconnect, at once. Every other node is requested to send its information; it is pinged when that
 *   arrives, so that it notices the gap in this node's packets.
 *
 * Nodes ping each other all the time, because heartbeats have no ordinals: a packet that was lost with nothing after
 * it, for example between two servers of NATS, shows within two or three seconds.
 */
export class NodeDiscoverer extends Discoverers.Local implements ConnectionListener {
  #beats = 0;
  /** Emits `nodes.gap`; set while the connection to NATS is lost. */
  #gapTimer: NodeJS.Timeout | undefined;

  lost(): void {
    this.#gapTimer ??= setInterval(() => this.#reportGap(), GAP_INTERVAL_MS).unref();
  }

  reconnected(): void {
    clearInterval(this.#gapTimer);
    this.#gapTimer = undefined;
    const now = Math.round(process.uptime());
    for (const node of this.#otherNodes()) node.lastHeartbeatTime = now;
    this.sendHeartbeat();
    this.discoverAllNodes();
    this.#reportGap();
  }

  override startHeartbeatTimers(): void {
    super.startHeartbeatTimers();
    clearInterval(this.checkNodesTimer);
    this.checkNodesTimer = setInterval(() => this.checkRemoteNodes(), CHECK_INTERVAL_MS).unref();
  }

  override async stop(): Promise<void> {
    clearInterval(this.#gapTimer);
    await super.stop();
  }

  override processRemoteNodeInfo(...[id, info]: Parameters<Discoverers.Local["processRemoteNodeInfo"]>) {
    this.transit?.sendPing(id);
    return super.processRemoteNodeInfo(id, info);
  }

  /** Moleculer's own method also measures the CPU's load, which nothing here reads. */
  override beat(): Promise<void> {
    this.#beats += 1;
    if (this.#beats % BEATS_PER_PING === 0) this.#pingAll();
    return this.sendHeartbeat();
  }

  override checkRemoteNodes(): void {
    if (!this.#gapTimer) super.checkRemoteNodes();
  }

  #pingAll(): void {
    for (const { id, available } of this.#otherNodes()) if (available) this.transit?.sendPing(id);
  }

  #otherNodes() {
    return this.registry.nodes.toArray().filter(({ local }) => !local);
  }

  #reportGap(): void {
    this.broker.broadcastLocal("nodes.gap", {}).catch(() => undefined);
  }
}
