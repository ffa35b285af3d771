import { ReplayWindow } from "./replay-window.ts";
import type { PacketHeader } from "./sealed-packet.ts";

/**
 * Milliseconds that a packet's time may differ from the receiver's. Both are the database's time; a packet may wait
 * while a node or NATS is busy.
 */
export const MAX_TIME_DIFFERENCE_MS = 30_000;
/**
 * Milliseconds without a packet after which an instance is forgotten: all of its packets are too old to be accepted.
 */
export const FORGET_MS = 2 * MAX_TIME_DIFFERENCE_MS + 1_000;

/** An instance of another node from which an authentic packet came. */
interface Peer {
  readonly sender: string;
  readonly window: ReplayWindow;
  /** The highest ordinal that came. */
  ordinal: number;
  /** Whether it has replaced an earlier instance, and this was not reported yet by `isAfterGap`. */
  isRestart: boolean;
  /** Whether it has replaced an instance that did not announce its stop, and this was not reported yet. */
  hasReplacedDead: boolean;
  /** Whether it has announced that it stops. */
  hasStopped: boolean;
  lastSeen: number;
}

/** Remembers which packets arrived from each instance of the other nodes, to refuse repeated ones and notice gaps. */
export class Peers {
  readonly #peers = new Map<string, Peer>();
  /** The latest instance of each node id. */
  readonly #latest = new Map<string, string>();

  /** The instance that a packet for this node is addressed to; undefined until a packet of the node has arrived. */
  instanceOf(node: string): string | undefined {
    return this.#latest.get(node);
  }

  /** Why an authentic packet is not accepted; undefined for a new one, which is remembered. `now` in milliseconds. */
  checkAndRecord({ sender, instance, counter, sentAt }: PacketHeader, now: number): "time" | "replayed" | undefined {
    if (Math.abs(now - sentAt) > MAX_TIME_DIFFERENCE_MS) return "time";
    const latest = this.#latest.get(sender);
    if (latest !== undefined && instance < latest) {
      // an instance that was replaced by a restart sends nothing more
      this.#forgetSilent(now);
      if (this.#latest.has(sender)) return "replayed";
    }
    const peer = this.#peers.get(instance);
    if (!peer) this.#add(sender, instance, counter, now);
    else if (peer.window.accept(counter)) peer.lastSeen = now;
    else return "replayed";
    return undefined;
  }

  /**
   * Whether packets are missing that this node should have got before this one, which was accepted. Also true for the
   * first packet after a restart of the sender, which may have died before it sent what it had stored, and for a packet
   * that has overtaken another one: then the caller looks for a loss and finds none.
   */
  isAfterGap({ instance, ordinal }: PacketHeader): boolean {
    const peer = this.#peers.get(instance);
    if (!peer) return false;
    const { isRestart } = peer;
    peer.isRestart = false;
    if (ordinal <= peer.ordinal) return isRestart;
    const isAfterGap = isRestart || ordinal > peer.ordinal + 1;
    peer.ordinal = ordinal;
    return isAfterGap;
  }

  /** The sender of this packet, an accepted one, announces that it stops. */
  noteStop({ instance }: PacketHeader): void {
    const peer = this.#peers.get(instance);
    if (peer) peer.hasStopped = true;
  }

  /** Whether the sender of this packet, an accepted one, has replaced an instance that died. True once. */
  hasReplacedDead({ instance }: PacketHeader): boolean {
    const peer = this.#peers.get(instance);
    if (!peer?.hasReplacedDead) return false;
    peer.hasReplacedDead = false;
    return true;
  }

  #add(sender: string, instance: string, counter: number, now: number): void {
    this.#forgetSilent(now);
    const latest = this.#latest.get(sender);
    const isRestart = latest !== undefined;
    const hasReplacedDead = isRestart && this.#peers.get(latest)?.hasStopped !== true;
    const state = { ordinal: 0, isRestart, hasReplacedDead, hasStopped: false, lastSeen: now };
    this.#peers.set(instance, { sender, window: new ReplayWindow(counter), ...state });
    this.#latest.set(sender, instance);
  }

  #forgetSilent(now: number): void {
    for (const [old, peer] of this.#peers) {
      if (now - peer.lastSeen <= FORGET_MS) continue;
      this.#peers.delete(old);
      if (this.#latest.get(peer.sender) === old) this.#latest.delete(peer.sender);
    }
  }
}
