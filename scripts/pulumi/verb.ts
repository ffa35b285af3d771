/** What the operator's commands share: their arguments, and how they end. */
import { join, resolve } from "node:path";
import { ConfigError } from "../../infra/config.ts";
import { type Cli, openCli, PulumiFailed } from "./cli.ts";
import { NoPulumiError } from "./find-cli.ts";

/** The command cannot go on; the message says why and what to do. */
export class VerbError extends Error {
  override readonly name = "VerbError";
}

export interface Verb {
  readonly stack: string;
  readonly cli: Cli;
  /** Arguments besides `--stack NAME`, which go to the CLI. */
  readonly rest: readonly string[];
  /** Where the stack's token and the pids of its connectors are kept. */
  readonly folder: string;
  /** The environment of the CLI, and so of the program. */
  readonly env: NodeJS.ProcessEnv;
}

/** Runs `npm run NAME -- --stack STACK ...`: exit code 2 where it was called wrongly, `failed` where it could not go on. */
export async function runVerb(name: string, run: (verb: Verb) => Promise<number>, failed = 1): Promise<void> {
  try {
    const { stack, rest } = argumentsOf(name, process.argv.slice(2));
    const env = { ...process.env };
    const folder = join(resolve(process.env.DATA_DIR ?? ".data"), stack);
    process.exitCode = await run({ stack, rest, folder, env, cli: await openCli(stack, env) });
  } catch (error) {
    const told = [VerbError, PulumiFailed, NoPulumiError, ConfigError].some((kind) => error instanceof kind);
    if (!told || !(error instanceof Error)) throw error;
    console.error(`${name}: ${error.message}`);
    process.exitCode = error instanceof UsageError ? 2 : failed;
  }
}

class UsageError extends VerbError {}

/** A stack's name is also a folder's: Pulumi's own characters, and no path. */
const STACK_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;

export function argumentsOf(name: string, args: readonly string[]): { stack: string; rest: readonly string[] } {
  const at = args.findIndex((arg) => arg === "--stack" || arg === "-s" || arg.startsWith("--stack="));
  const joined = args[at]?.startsWith("--stack=") ?? false;
  const stack = joined ? args[at]?.slice("--stack=".length) : args[at + 1];
  if (at === -1 || stack === undefined || !STACK_NAME.test(stack)) {
    throw new UsageError(`usage: npm run ${name} -- --stack NAME [argument of pulumi ...]`);
  }
  return { stack, rest: args.toSpliced(at, joined ? 1 : 2) };
}
