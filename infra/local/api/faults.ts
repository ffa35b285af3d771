/** Faults on demand: a test or a rehearsal makes the API fail, and checks that the next run repairs what is left. */

/**
 * A fault: an error response; "cut" breaks the connection before the call is done; "lost" does the call and breaks the
 * connection before the response; "silent" does the call and never responds.
 */
export type Fault =
  | {
      readonly status: number;
      readonly code?: number;
      readonly message?: string;
      /** JSON pointer into the request's body. */
      readonly pointer?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | "cut"
  | "lost"
  | "silent";

export interface FaultMatch {
  readonly method?: string;
  /**
   * Tested against the path under /client/v4, query included. Dry runs are met only where it names `dry_run`: so a
   * fault for a write does not meet the check before it.
   */
  readonly path?: RegExp;
  /** How many calls that match pass first; 0 by default. */
  readonly after?: number;
}

export interface Faults {
  /** The next `times` calls that match get the fault; 1 by default, `Infinity` for all until `clear`. */
  next(match: FaultMatch, fault: Fault, times?: number): void;
  /** Forgets the faults that no call has met. */
  clear(): void;
}

/** @returns the functions of `Faults`, and `take`, which returns the fault for a call and counts it as used. */
export function createFaults(): Faults & { take(method: string, path: string): Fault | undefined } {
  const pending: { match: FaultMatch; fault: Fault; left: number; toSkip: number }[] = [];
  return {
    next(match, fault, times = 1) {
      if (times > 0) pending.push({ match, fault, left: times, toSkip: match.after ?? 0 });
    },
    clear() {
      pending.length = 0;
    },
    take(method, path) {
      const dryRun = path.includes("dry_run=true");
      const index = pending.findIndex(
        ({ match }) =>
          (match.method ?? method) === method &&
          (match.path === undefined || path.search(match.path) >= 0) &&
          (!dryRun || match.path?.source.includes("dry_run") === true),
      );
      const entry = pending[index];
      if (!entry) return undefined;
      if (entry.toSkip > 0) {
        entry.toSkip -= 1;
        return undefined;
      }
      entry.left -= 1;
      if (entry.left <= 0) pending.splice(index, 1);
      return entry.fault;
    },
  };
}
