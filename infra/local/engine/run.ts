import { setTimeout as delay } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { disconnect, setMockOptions } from "@pulumi/pulumi/runtime/settings.js";
import { createProvider, type Provider } from "../provider/index.ts";
import { StackDeployment } from "./deployment.ts";
import type { WorkerInput, WorkerResult } from "./messages.ts";
import { Monitor } from "./monitor.ts";
import { programErrorMessage } from "./program-error.ts";
import { createSecretCipher } from "./sealing.ts";
import { StackState } from "./stack-state.ts";
import { type PropertyValues, revealValue, Secret } from "./values.ts";

/** Milliseconds at most between the tries of a call: the API is on this machine. */
const MAX_WAIT_MS = 1_000;
const wait = (milliseconds: number) => delay(Math.min(milliseconds, MAX_WAIT_MS));

/**
 * Runs the program and creates, updates and deletes resources as it declares them. Never throws: returns a failure
 * after all operations that had begun have ended.
 */
export async function run(input: WorkerInput): Promise<WorkerResult> {
  let deployment: StackDeployment | undefined;
  const warnings: string[] = [];
  // where no engine of Pulumi's runs, its SDK writes what the program warns of to the console
  console.warn = (line: unknown) => void warnings.push(String(line).replace(/^warning: \[runtime\] /, ""));
  try {
    const state = new StackState(input.stateFile, createSecretCipher(`${input.stateFile}.key`));
    const provider = createProvider({ apiToken: input.api.token, baseURL: input.api.url, wait });
    deployment = new StackDeployment({ state, provider, preview: input.preview ?? false });
    const outputs = await runProgram(input, { provider, deployment });
    await deployment.deleteOthers();
    const entries = Object.entries(outputs);
    return {
      ok: true,
      applied: {
        steps: deployment.steps,
        warnings: [...warnings, ...deployment.warnings],
        outputs: Object.fromEntries(entries.filter(([, value]) => !(value instanceof Secret))),
        secrets: Object.fromEntries(
          entries.filter(([, value]) => value instanceof Secret).map(([name, value]) => [name, revealValue(value)]),
        ),
      },
    };
  } catch (error) {
    return { ok: false, ...describeFailure(error), steps: deployment?.steps ?? [] };
  }
}

/** Runs the program until everything that it declares is registered, and returns its outputs. */
async function runProgram(
  order: WorkerInput,
  { provider, deployment }: { provider: Provider; deployment: StackDeployment },
): Promise<PropertyValues> {
  const { project, stack, config, secrets = {}, api } = order;
  const access = { "cloudflare:apiToken": api.token, "cloudflare:baseUrl": api.url };
  const monitor = new Monitor({ project, stack, deployment, provider });
  setMockOptions(monitor, project, stack, order.preview ?? false, "organization");
  pulumi.runtime.setAllConfig({ ...config, ...secrets, ...access }, ["cloudflare:apiToken", ...Object.keys(secrets)]);

  process.on("unhandledRejection", monitor.fail);
  process.on("uncaughtException", monitor.fail);
  const program = async (): Promise<void> => {
    await pulumi.runtime.runInPulumiStack(async () => {
      const main: { readonly default?: unknown } = await import(order.program);
      // as Pulumi's own runner does
      return typeof main.default === "function" ? main.default() : (main.default ?? main);
    });
    await disconnect();
  };
  await Promise.race([program(), monitor.failed]).catch(async (error) => {
    monitor.fail(error);
    await monitor.idle();
    throw error;
  });
  return monitor.stackOutputs;
}

/** Code and message of a failure. Errors without a code of ours are mistakes in the program, and get their place. */
function describeFailure(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: "PROGRAM_FAILED", message: String(error) };
  const code = "code" in error && typeof error.code === "string" ? error.code : "ERR_";
  if (!code.startsWith("ERR_")) return { code, message: error.message };
  return { code: "PROGRAM_FAILED", message: programErrorMessage(error) };
}
