import type { DeploymentStep } from "./step.ts";

/** The options of a run. */
export interface ApplyOptions {
  readonly project: string;
  readonly stack: string;
  /** By full key, e.g. `causeway:zone`. */
  readonly config: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Where the stack's state is kept (0600); its key lies beside it as `FILE.key`. */
  readonly stateFile: string;
  readonly api: { readonly url: string; readonly token: string };
  /** Computes what would be done, and writes nothing. */
  readonly preview?: boolean;
  /** Another program than the project's own. */
  readonly program?: URL;
}

/** The result of a run. */
export interface Applied {
  readonly steps: readonly DeploymentStep[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Outputs that are secret. */
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** What the worker gets: addresses as text, because a URL cannot be sent. */
export type WorkerInput = Omit<ApplyOptions, "program"> & { readonly program: string };

/** The one message of the worker. */
export type WorkerResult =
  | { readonly ok: true; readonly applied: Applied }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly steps: readonly DeploymentStep[] };
