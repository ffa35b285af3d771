import { Discoverers } from "moleculer";
import type { Contact } from "./nats-transporter.ts";

/** Seconds between two heartbeats of a node. */
export const HEARTBEAT_SECONDS = 1;
/**
 * Seconds without a heartbeat after which a node counts as dead. A live node whose connection to NATS is cut for up to
 * eight seconds stays known: it may have sent its last heartbeat 1.5 s before, and needs a moment to connect again.
 */
export const SILENCE_SECONDS = 12;
/** Milliseconds between two checks for silent nodes. */
const CHECK_MS = 1_000;
/** Heartbeats between two pings of every node. */
const BEATS_PER_PING = 2;
/** Milliseconds between two `nodes.gap` events while the connection to NATS is lost. */
const CUT_OFF_MS = 1_000;

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
export class NodeDiscoverer extends Discoverers.Local implements Contact {
  #beats = 0;
  /** Emits `nodes.gap`; set while the connection to NATS is lost. */
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

  /** Moleculer's own method also measures the CPU's load, which nothing here reads. */
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
