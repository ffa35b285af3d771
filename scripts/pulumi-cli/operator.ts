/** What the operator's commands share: the option that names the stack, and what belongs to it. */
import { join, resolve } from "node:path";
import { PURPOSE } from "../../infra/config.ts";
import { CommandError, endRequestedBy, requiredOption, UsageError } from "../command-line/index.ts";
import { type Cli, openCli } from "./cli.ts";
import { type StackName, stackName } from "./stack-name.ts";
import { projectName } from "./state-folder.ts";

export const stackOption = requiredOption(
  "-s, --stack <name>",
  "the stack: prod, or acme/prod for one of an organization (required)",
  stackName,
);

/** Variables that all of the operator's commands read. */
export const OPERATOR_ENVIRONMENT = {
  PULUMI_CONFIG_PASSPHRASE: "decrypts the stack's secrets, where no other secrets provider does",
  CLOUDFLARE_API_TOKEN: "the API token, where the configuration has no cloudflare:apiToken",
  DATA_DIR: "folder of the tunnel's token and of what runs with it (.data)",
  PULUMI_BIN: "the Pulumi CLI; else the one on PATH, or one that is fetched",
} as const;

/** The same, for commands that run the program to deploy. */
export const DEPLOY_ENVIRONMENT = {
  ...OPERATOR_ENVIRONMENT,
  CAUSEWAY_UNPROVED: "yes: deploys, this once, what examples and stories do not prove",
  CAUSEWAY_OPENS: "hostnames, with paths, that this run may open although Access protects them now",
} as const;

export interface OperatorStack {
  /** As the operator wrote it. */
  readonly stack: string;
  readonly cli: Cli;
  /** Where the stack's token and the files of its connectors are. */
  readonly folder: string;
  /** The environment of the CLI, and so of the program. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Ends a command between two steps after a signal. `nextStep` completes the sentence "stopped before it ...".
 * @throws CommandError after a signal
 */
export function throwAfterSignal(nextStep: string): void {
  const signal = endRequestedBy();
  if (signal !== undefined) {
    throw new CommandError(`stopped by ${signal} before it ${nextStep}. Run the same command again to go on.`);
  }
}

/**
 * @throws UsageError where the stack is one of another project; NoPulumiError where there is no Pulumi CLI that can be
 * used
 */
export async function openOperator({ text, project, folder }: StackName): Promise<OperatorStack> {
  const own = await projectName();
  if (project !== undefined && project !== own) {
    throw new UsageError(`--stack is "${text}", of the project ${project}. Pulumi.yaml of this folder names ${own}.`);
  }
  // replaces a purpose that the operator's environment still has from an earlier command
  const env = { ...process.env, [PURPOSE]: "deploy" };
  return {
    stack: text,
    env,
    folder: join(resolve(process.env.DATA_DIR ?? ".data"), folder),
    cli: await openCli(text, env),
  };
}
