import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { refuse } from "../contract/index.ts";
import { RATE_CLASSES } from "../surface.ts";

/** How much one address or user may do; the surface's rate classes and what sockets need besides. */
export const LIMITS = {
  ...RATE_CLASSES,
  /** WebSocket handshakes from one address. */
  handshake: { requests: 60, seconds: 10 },
  /** Packets of one socket, whatever is in them; beyond it the socket is closed. */
  packet: { requests: 300, seconds: 10 },
} as const;
export type LimitName = keyof typeof LIMITS;

/** Sockets that one address and one user may have open at once. */
export const MAX_SOCKETS = { address: 100, user: 20 } as const;

export interface Limits {
  /** Counts one use. Throws RATE_LIMITED with the seconds to wait. */
  use(limit: LimitName, key: string): Promise<void>;
  /** A budget of one holder alone, counted where it is held: false when it is spent. */
  budget(limit: LimitName): () => boolean;
}

export type LimitTable = Readonly<Record<LimitName, { readonly requests: number; readonly seconds: number }>>;

/** Limits counted in the memory of this node. */
export function createLimits(table: LimitTable = LIMITS): Limits {
  const limiters = new Map(
    Object.entries(table).map(([name, { requests, seconds }]) => [
      name,
      new RateLimiterMemory({ keyPrefix: name, points: requests, duration: seconds }),
    ]),
  );
  return {
    async use(limit, key) {
      try {
        await limiters.get(limit)?.consume(key);
      } catch (thrown) {
        if (thrown instanceof RateLimiterRes) {
          throw refuse("RATE_LIMITED", { retryAfter: Math.max(1, thrown.msBeforeNext / 1000) });
        }
        throw thrown;
      }
    },
    budget(limit) {
      const { requests, seconds } = table[limit];
      let used = 0;
      let end = 0;
      return () => {
        const now = performance.now();
        if (now >= end) {
          used = 0;
          end = now + seconds * 1000;
        }
        return ++used <= requests;
      };
    },
  };
}

/** What one address counts under, and what one user does. */
export const addressKey = (address: string): string => `a:${address}`;
export const userKey = (id: string): string => `u:${id}`;
