/** Runs `pulumi destroy` for a stack whose resources are protected: removes the protection for as long as it takes. */
import { CommandError, endRequestedBy } from "../command-line/index.ts";
import type { Cli } from "../pulumi-cli/cli.ts";
import { PROVIDER_ONLY, RUN_PROGRAM } from "../pulumi-cli/run-program.ts";
import { isAtCloudflare, kindOf, nameOf, type StateResource } from "../pulumi-cli/stack-state.ts";

/**
 * How many times destroy is tried. Connectors may connect again before the tunnel is deleted, and Cloudflare then
 * refuses to delete it (1022).
 */
const TRIES = 3;

/**
 * Runs `pulumi destroy` up to three times; `beforeRetry` is called between two of them. @throws CommandError with what
 * is left and what to run; what is left is protected again then
 */
export async function destroy(cli: Cli, stack: string, beforeRetry: () => Promise<"again" | "give up">): Promise<void> {
  const protectedUrns = protectedIn((await cli.state()).resources);
  let isDestroyed = false;
  try {
    await setProtection(cli, "unprotect", protectedUrns);
    for (let attempt = 1; ; attempt += 1) {
      isDestroyed = (await cli.show(["destroy", "--yes", "--skip-preview", RUN_PROGRAM], PROVIDER_ONLY)) === 0;
      if (isDestroyed) return;
      if (attempt === TRIES || endRequestedBy() !== undefined || (await tryBeforeRetry(beforeRetry)) !== "again") break;
    }
  } finally {
    if (!isDestroyed) await protectAgain(cli, stack, protectedUrns);
  }
  throw new CommandError(unfinishedMessage(stack, (await cli.state()).resources));
}

/**
 * Also after a signal or a failure in the middle: a stack without its protection is deleted by a plain `pulumi
 * destroy`.
 */
async function protectAgain(cli: Cli, stack: string, urns: readonly string[]): Promise<void> {
  try {
    const left = new Set((await cli.state()).resources.map(({ urn }) => urn));
    await setProtection(
      cli,
      "protect",
      urns.filter((urn) => left.has(urn)),
    );
  } catch (error) {
    throw new CommandError(
      `The stack could not be protected again: ${error instanceof Error ? error.message : String(error)}\n` +
        `Until \`npm run up -- --stack ${stack}\` or \`npm run down -- --stack ${stack}\` has run, \`pulumi ` +
        "destroy` deletes it without stopping.",
    );
  }
}

/** Calls `beforeRetry`. Its failure is printed and ends the tries: the stack must get its protection back. */
async function tryBeforeRetry(beforeRetry: () => Promise<"again" | "give up">): Promise<"again" | "give up"> {
  try {
    return await beforeRetry();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return "give up";
  }
}

function protectedIn(resources: readonly StateResource[]): readonly string[] {
  return resources.filter(({ protect }) => protect === true).map(({ urn }) => urn);
}

/**
 * Writes the state, which fails where another run has locked it. @throws CommandError
 */
export async function setProtection(
  cli: Cli,
  operation: "protect" | "unprotect",
  urns: readonly string[],
): Promise<void> {
  if (urns.length === 0) return;
  const { code, output, errors } = await cli.read(["state", operation, ...urns, "--yes"]);
  if (code !== 0) throw new CommandError(`The state cannot be changed: ${errors.trim() || output.trim()}`);
}

function unfinishedMessage(stack: string, resources: readonly StateResource[]): string {
  const left = resources.filter(isAtCloudflare).map((resource) => `  ${kindOf(resource)} ${nameOf(resource.urn)}`);
  return [
    "The stack is not destroyed. Still in its state, and protected again:",
    ...left,
    `When the cause above is gone, \`npm run down -- --stack ${stack}\` goes on where it stopped; \`npm run up -- ` +
      `--stack ${stack}\``,
    "brings the site back, with a token that its connectors have to be started with.",
  ].join("\n");
}
