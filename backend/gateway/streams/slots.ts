import { refuse } from "../../contract/index.ts";
import { KeyCounts } from "../limits/caps/key-counts.ts";
import type { CapTable } from "../limits/caps/table.ts";
import type { UnsentReceiver } from "../limits/caps/unsent-bytes.ts";

/** Limits the responses that are streamed: each holds a connection and buffers until its client has read it. */
export class StreamSlots {
  readonly #caps: CapTable["streams"];
  readonly #held = new KeyCounts();
  #used = 0;
  #refused = 0;

  constructor(caps: CapTable["streams"]) {
    this.#caps = caps;
  }

  /** Takes a slot. Returns a function that gives it back. Throws RATE_LIMITED when user, address or node have none. */
  take({ address, user }: UnsentReceiver): () => void {
    const holders = [`address ${address}`, ...(user === undefined ? [] : [`user ${user}`])];
    const isFull = (holder: string) =>
      this.#held.of(holder) >= (holder.startsWith("user ") ? this.#caps.user : this.#caps.address);
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
    for (const holder of holders) this.#held.add(holder, change);
  }
}
