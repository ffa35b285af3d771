import type { Throttles } from "../throttle/throttle.ts";

/** Milliseconds for which an export is taken to run without a sign of life: its node may have died. */
const LEASE_MS = 60_000;

/** Lets one export of a user run at a time, on all nodes. */
export interface ExportLease {
  /** What ends the export; undefined where one runs. */
  take(userId: string): Promise<(() => Promise<void>) | undefined>;
}

/** `clock` in milliseconds since 1970, for all nodes alike. */
export function createExportLease(throttles: Throttles, clock: () => number): ExportLease {
  return {
    async take(userId) {
      const key = throttles.keyOf("export", userId);
      const extend = (mark: number | undefined) =>
        throttles.change([key], (states) => {
          const now = clock();
          const known = states.get(key);
          const isRunning = known !== undefined && known.expiresAt > now;
          if (mark === undefined ? isRunning : !isRunning || known.at !== mark) return undefined;
          const at = mark ?? now;
          states.set(key, { count: 1, until: now + LEASE_MS, at, expiresAt: now + LEASE_MS });
          return at;
        });
      const mark = await extend(undefined);
      if (mark === undefined) return undefined;
      const timer = setInterval(() => void extend(mark).catch(() => undefined), LEASE_MS / 3).unref();
      return async () => {
        clearInterval(timer);
        await throttles
          .change([key], (states) => {
            if (states.get(key)?.at === mark) states.set(key, undefined);
          })
          // it ends by itself a minute later
          .catch(() => undefined);
      };
    },
  };
}
