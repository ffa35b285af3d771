import { refuse } from "../../contract/index.ts";
import { KeyCounts } from "../limits/caps/key-counts.ts";
import type { CapTable } from "../limits/caps/table.ts";

/** Limits the bytes of bodies that are read whole before their action runs. */
export class BodyBytes {
  readonly #caps: CapTable["bodyBytes"];
  readonly #held = new KeyCounts();
  #used = 0;
  #refused = 0;

  constructor(caps: CapTable["bodyBytes"]) {
    this.#caps = caps;
  }

  /** Makes a reservation for one body; `address` is the client's network. */
  open(address: string): BodyReservation {
    let own = 0;
    const add = (bytes: number) => {
      own += bytes;
      this.#used += bytes;
      this.#held.add(address, bytes);
    };
    return {
      grow: (bytes) => {
        const more = bytes - own;
        if (this.#used + more > this.#caps.node || this.#held.of(address) + more > this.#caps.address) {
          this.#refused += 1;
          throw refuse("RATE_LIMITED", { retryAfter: 1 });
        }
        add(more);
      },
      release: () => add(-own),
    };
  }

  get used(): number {
    return this.#used;
  }

  get refused(): number {
    return this.#refused;
  }
}

export interface BodyReservation {
  /** Sets the bytes that the body takes. Throws RATE_LIMITED when the address or the node would hold too many. */
  grow(bytes: number): void;
  /** Ends the reservation. */
  release(): void;
}
