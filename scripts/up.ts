import { unprovedLines } from "../infra/config.ts";
import { openAccount } from "./cloudflare-account/account.ts";
import { adoptedResources, putBack } from "./cloudflare-account/as-found.ts";
import { type StackTunnel, tunnelOf } from "./cloudflare-account/tunnel.ts";
import { CommandError, command, flag, NOT_A_TERMINAL, refusalOf, runCommand } from "./command-line/index.ts";
import { type Cli, PulumiFailed } from "./pulumi-cli/cli.ts";
import { nextStepLines, readOutputs } from "./pulumi-cli/next-steps.ts";
import { DEPLOY_ENVIRONMENT, type OperatorStack, openOperator, stackOption } from "./pulumi-cli/operator.ts";
import { removePendingNotes } from "./pulumi-cli/pending.ts";
import { RUN_PROGRAM } from "./pulumi-cli/run-program.ts";
import type { StateResource } from "./pulumi-cli/stack-state.ts";
import { writeTokenFile } from "./stack-connectors/token-file.ts";
import { showDrift } from "./stack-drift/show-drift.ts";

await runCommand(
  command({
    name: "up",
    summary: "Deploys a stack, and puts back what was changed by hand.",
    details:
      "It shows what was changed by hand, then what Pulumi will do, and asks. In the end it writes the tunnel's " +
      "token to a file for the connectors of this machine.",
    options: {
      stack: stackOption,
      yes: flag("-y, --yes", "does not ask"),
      skipPreview: flag("-f, --skip-preview", "does not show beforehand what Pulumi will do"),
      diff: flag("--diff", "shows every value that changes"),
      skipTokenFile: flag("--skip-token-file", "does not write the tunnel's token to a file, as on a build machine"),
    },
    environment: DEPLOY_ENVIRONMENT,
    examples: ["--stack prod", "--stack prod --yes"],
    failure: "it was not confirmed, or not everything could be deployed",
    async run({ options }) {
      // Pulumi asks only in a terminal: without one, the command fails here and not minutes later
      if (!options.yes && !(process.stdin.isTTY && process.stdout.isTTY)) throw new CommandError(NOT_A_TERMINAL);
      const operator = await openOperator(options.stack);
      const { cli, stack, folder, env } = operator;
      const { resources, outputs: before } = await cli.state();
      const isDeployed = resources.some(({ type }) => type.startsWith("cloudflare:"));
      const replaced = isDeployed ? await deletedTunnel(operator, resources) : undefined;
      if (isDeployed) await showDrift(cli, replaced === undefined);
      if (replaced !== undefined) {
        const refusal = options.yes ? undefined : await refusalOf("Type yes to make a new tunnel: ", "yes");
        if (refusal !== undefined) throw new CommandError(refusal);
        await forget(cli, replaced);
      }
      const asks = !options.yes && replaced === undefined;
      if (asks && options.skipPreview) {
        // Pulumi asks after its preview only
        const refusal = await refusalOf(`Type ${stack} to deploy without a preview: `, stack);
        if (refusal !== undefined) throw new CommandError(refusal);
      }
      const code = await cli.show([
        "up",
        "--refresh",
        RUN_PROGRAM,
        ...(asks ? [] : ["--yes"]),
        ...(options.skipPreview ? ["--skip-preview"] : []),
        ...(options.diff ? ["--diff"] : []),
      ]);
      if (code !== 0) return 1;
      await removePendingNotes(cli);
      await putBackReleased(operator, resources);
      const outputs = await readOutputs(cli);
      const file = options.skipTokenFile ? undefined : writeTokenFile(folder, outputs.tunnelToken);
      const lines = nextStepLines({
        ...outputs,
        ...{ stack, before },
        tokenFile: file,
        dataDir: env.DATA_DIR,
      });
      console.log([...lines, ...unprovedLines(outputs.unproved)].join("\n"));
      return 0;
    },
  }),
);

/** What was adopted and does not belong to the stack any more, such as the record of a hostname that was removed. */
async function putBackReleased({ cli, env }: OperatorStack, before: readonly StateResource[]): Promise<void> {
  const adopted = adoptedResources(before);
  if (adopted.length === 0) return;
  const { resources } = await cli.state();
  const left = new Set(resources.map(({ urn }) => urn));
  const released = adopted.filter(({ resource }) => !left.has(resource.urn));
  if (released.length > 0) await putBack(await openAccount(cli, env), released, console.log);
}

/**
 * The stack's tunnel where it was deleted elsewhere: the provider can still read it, and would treat it as existing.
 */
async function deletedTunnel(
  { cli, env }: OperatorStack,
  resources: readonly StateResource[],
): Promise<StackTunnel | undefined> {
  const tunnel = tunnelOf(resources, await openAccount(cli, env));
  const deleted = await tunnel?.deletedAt();
  if (tunnel === undefined || deleted === undefined) return undefined;
  console.log(
    `The tunnel ${tunnel.id} was deleted elsewhere (${deleted}). It is removed from the state, and a new one is ` +
      "made.\n" +
      "Its connectors have to be started again with the new token, on every machine.",
  );
  return tunnel;
}

/**
 * Removes the tunnel from the state, with the resources that depend on it. The next run finds those by the stack's mark
 * and takes them into the state again.
 */
async function forget(cli: Cli, { urn }: StackTunnel): Promise<void> {
  const { code, errors } = await cli.read(["state", "delete", urn, "--force", "--target-dependents", "--yes"]);
  if (code !== 0) throw new PulumiFailed(errors.trim());
}
