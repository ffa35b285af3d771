import type { DeploymentStep } from "./step.ts";

/** What a run is asked for. */
export interface ApplyOptions {
  readonly project: string;
  readonly stack: string;
  /** By full key, e.g. `causeway:zone`. */
  readonly config: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Where the stack's state is kept (0600); its key lies beside it as `FILE.key`. */
  readonly stateFile: string;
  readonly api: { readonly url: string; readonly token: string };
  /** Says what would be done; writes nothing. */
  readonly preview?: boolean;
  /** Another program than the project's own. */
  readonly program?: URL;
}

/** What a run came to. */
export interface Applied {
  readonly steps: readonly DeploymentStep[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Outputs that are secret. */
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** What the worker gets: addresses as text, because a URL cannot be sent. */
export type Order = Omit<ApplyOptions, "program"> & { readonly program: string };

/** What the worker answers, once. */
export type WorkerResult =
  | { readonly ok: true; readonly applied: Applied }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly steps: readonly DeploymentStep[] };
