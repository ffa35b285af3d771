/** Entry of the engine's thread: makes the modules that the program needs light, then loads and runs the rest. */
import { flushCompileCache, registerHooks } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerInput, WorkerResult } from "./messages.ts";

// Pulumi's SDK loads the TypeScript compiler and npm's dependency solver for one feature, sending functions to the
// cloud, which this program does not use. They are two thirds of its loading time (0.6 s without this, 0.2 s with it).
const UNUSED = /\/node_modules\/(?:typescript\/lib\/typescript|@npmcli\/arborist\/lib\/index)\.js$/;
registerHooks({
  load: (url, context, next) =>
    UNUSED.test(url) ? { format: "commonjs", source: "module.exports = {};", shortCircuit: true } : next(url, context),
});

const { run } = await import("./run.ts");
const outcome: WorkerResult = await run(workerData as WorkerInput);
parentPort?.postMessage(outcome);
// keeps what was compiled, in the folder of scripts/run.mjs, although this thread is ended
flushCompileCache();
