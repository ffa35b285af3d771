/** Applies the Pulumi program to a Cloudflare on localhost without Pulumi's own engine. */
import { Worker } from "node:worker_threads";
import { ApplyError } from "./apply-error.ts";
import type { Applied, ApplyOptions, WorkerInput, WorkerResult } from "./messages.ts";

export { ApplyError } from "./apply-error.ts";
export type { Applied, ApplyOptions } from "./messages.ts";
export { programErrorMessage } from "./program-error.ts";

/**
 * Runs the program once, in a worker thread: what was edited since the last run is loaded afresh, and Pulumi's global
 * state ends with it. Throws `ApplyError`; what was done until then is saved, and the next run goes on from there.
 */
export async function applyProgram(options: ApplyOptions): Promise<Applied> {
  const { program = new URL("../../main.mjs", import.meta.url), ...rest } = options;
  const order: WorkerInput = { ...rest, program: program.href };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    workerData: order,
    // the current environment, which has what the run is for
    env: { ...process.env },
    stdout: true,
    stderr: true,
  });
  try {
    const outcome = await outcomeOf(worker);
    if (outcome.ok) return outcome.applied;
    throw new ApplyError(outcome.code, outcome.message, { steps: outcome.steps });
  } finally {
    await worker.terminate();
  }
}

function outcomeOf(worker: Worker): Promise<WorkerResult> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", (cause) => {
      reject(new ApplyError("PROGRAM_FAILED", `The program could not be run: ${cause}`, { cause }));
    });
    worker.once("exit", (code) => {
      reject(new ApplyError("PROGRAM_FAILED", `The program ended its thread (${code}) before it was applied.`));
    });
  });
}
