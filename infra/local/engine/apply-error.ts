import type { DeploymentStep } from "./step.ts";

/**
 * A run that failed before its end. `code` is the step: `CONFIG_INVALID`, `PREFLIGHT` (nothing was created),
 * `STATE_UNUSABLE`, `PROGRAM_FAILED`, or of an operation `API_...` and the like. What was done before is saved: the
 * same command continues.
 */
export class ApplyError extends Error {
  readonly code: string;
  /** What was done before it failed. */
  readonly steps: readonly DeploymentStep[];

  constructor(
    code: string,
    message: string,
    options: { readonly cause?: unknown; readonly steps?: readonly DeploymentStep[] } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "ApplyError";
    this.code = code;
    this.steps = options.steps ?? [];
  }
}
