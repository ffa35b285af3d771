import type { Throttles } from "../throttle/throttle.ts";

/** Milliseconds after which a lease that is not extended has ended: the node of the export may have died. */
const LEASE_MS = 60_000;

/** Lets one export of a user run at a time, on all nodes. */
export interface ExportLease {
  /** Returns a function that ends the lease; undefined while another export of the user runs. */
  begin(userId: string): Promise<(() => Promise<void>) | undefined>;
}

/** `clock` in milliseconds since 1970, for all nodes alike. */
export function createExportLease(throttles: Throttles, clock: () => number): ExportLease {
  return {
    async begin(userId) {
      const key = throttles.keyOf("export", userId);
      /** Begins a lease, or extends the one that began at `startedAt`. Undefined when another export has the lease. */
      const beginOrExtend = (startedAt: number | undefined) =>
        throttles.change([key], (states) => {
          const now = clock();
          const known = states.get(key);
          const isRunning = known !== undefined && known.expiresAt > now;
          if (startedAt === undefined ? isRunning : !isRunning || known.at !== startedAt) return undefined;
          const at = startedAt ?? now;
          states.set(key, { count: 1, until: now + LEASE_MS, at, expiresAt: now + LEASE_MS });
          return at;
        });
      const startedAt = await beginOrExtend(undefined);
      if (startedAt === undefined) return undefined;
      const timer = setInterval(() => void beginOrExtend(startedAt).catch(() => undefined), LEASE_MS / 3).unref();
      return async () => {
        clearInterval(timer);
        await throttles
          .change([key], (states) => {
            if (states.get(key)?.at === startedAt) states.set(key, undefined);
          })
          // the lease ends by itself after `LEASE_MS`
          .catch(() => undefined);
      };
    },
  };
}
