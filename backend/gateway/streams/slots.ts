import { refuse } from "../../contract/index.ts";
import type { CapTable } from "../limits/caps/table.ts";

/** Whose answer it is. */
export interface SlotHolder {
  /** The client's network, as limits count by it. */
  readonly address: string;
  readonly user?: string | undefined;
}

/** Counts the answers that are being streamed: each holds a connection and buffers for as long as its client likes. */
export class StreamSlots {
  readonly #caps: CapTable["streams"];
  readonly #held = new Map<string, number>();
  #used = 0;
  #refused = 0;

  constructor(caps: CapTable["streams"]) {
    this.#caps = caps;
  }

  /** Takes a slot; returns what gives it back. Throws RATE_LIMITED when user, address or node have no more. */
  take({ address, user }: SlotHolder): () => void {
    const holders = [`address ${address}`, ...(user === undefined ? [] : [`user ${user}`])];
    const isFull = (holder: string) =>
      (this.#held.get(holder) ?? 0) >= (holder.startsWith("user ") ? this.#caps.user : this.#caps.address);
    if (this.#used >= this.#caps.node || holders.some(isFull)) {
      this.#refused += 1;
      throw refuse("RATE_LIMITED", { retryAfter: 5 });
    }
    this.#add(holders, 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.#add(holders, -1);
      isHeld = false;
    };
  }

  get used(): number {
    return this.#used;
  }

  get refused(): number {
    return this.#refused;
  }

  #add(holders: readonly string[], change: 1 | -1): void {
    this.#used += change;
    for (const holder of holders) {
      const held = (this.#held.get(holder) ?? 0) + change;
      if (held > 0) this.#held.set(holder, held);
      else this.#held.delete(holder);
    }
  }
}
