import { KeyCounts } from "./key-counts.ts";
import type { NetworkCaps } from "./table.ts";

interface Slot {
  /** The client's key. */
  readonly key: string;
  readonly evict: () => void;
}

/** Limits what clients hold: for their network, for the larger networks that contain it, and for the node. */
export class Slots<Holder extends object = object> {
  readonly #caps: NetworkCaps;
  /** Of each network that holds anything. */
  readonly #used = new KeyCounts();
  /** In the order in which they were taken. */
  readonly #slots = new Map<Holder, Slot>();
  #refused = 0;

  constructor(caps: NetworkCaps) {
    this.#caps = caps;
  }

  /**
   * Gives a holder a slot; false when its network has no free one. When the node has no free one, the holder with the
   * oldest slot loses it, and its `evict` is called: an honest client needs a slot for milliseconds, an attacker keeps
   * it.
   */
  take(holder: Holder, key: string, evict: () => void): boolean {
    const networks = networksAround(key);
    const { address, slash56, slash48, node } = this.#caps;
    const limits = [address, slash56, slash48];
    if (networks.some((network, index) => this.#used.of(network) >= (limits[index] ?? address))) {
      this.#refused += 1;
      return false;
    }
    if (this.#slots.size >= node) this.#evictOldest();
    for (const network of networks) this.#used.add(network, 1);
    this.#slots.set(holder, { key, evict });
    return true;
  }

  /** Gives the slot back; nothing happens when the holder has none. */
  release(holder: Holder): void {
    const slot = this.#slots.get(holder);
    if (!slot) return;
    this.#slots.delete(holder);
    for (const network of networksAround(slot.key)) this.#used.add(network, -1);
  }

  /** The holders now, the oldest first. */
  get holders(): readonly Holder[] {
    return [...this.#slots.keys()];
  }

  get used(): number {
    return this.#slots.size;
  }

  /** How often a holder got no slot or lost it. */
  get refused(): number {
    return this.#refused;
  }

  #evictOldest(): void {
    const [oldest] = this.#slots;
    if (!oldest) return;
    const [holder, { evict }] = oldest;
    this.#refused += 1;
    this.release(holder);
    evict();
  }
}

const SUFFIX = "::/64";

/** The networks that a client counts for: its own, and for an IPv6 /64 also the /56 and the /48 that contain it. */
function networksAround(key: string): readonly string[] {
  if (!key.endsWith(SUFFIX)) return [key];
  const groups = key.slice(0, -SUFFIX.length).split(":");
  const high = (Number.parseInt(groups[3] ?? "0", 16) & 0xff00).toString(16);
  const slash48 = groups.slice(0, 3).join(":");
  return [key, `${slash48}:${high}::/56`, `${slash48}::/48`];
}
