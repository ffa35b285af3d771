/** What a run that was cut off made at Cloudflare and did not write into the state: `destroy` does not know it. */
import type Cloudflare from "cloudflare";
import { StackConfigError } from "../../infra/config.ts";
import {
  findLeftBehind,
  knownIdsOf,
  type LeftBehind,
  LISTS_PERMISSION,
  PreflightError,
} from "../../infra/preflight/for-commands.ts";
import { readSite } from "../../infra/site-config.ts";
import { AccountError, calling, readConfig } from "../cloudflare-account/account.ts";
import { CommandError } from "../command-line/index.ts";
import type { Cli } from "../pulumi-cli/cli.ts";
import type { StateResource } from "../pulumi-cli/stack-state.ts";
import { projectName } from "../pulumi-cli/state-folder.ts";

/** Empty, with a warning, where the account cannot be read: the rest of the stack can be removed nevertheless. */
export async function lookForLeftBehind(
  cli: Cli,
  api: Cloudflare,
  stack: string,
  resources: readonly StateResource[],
): Promise<readonly LeftBehind[]> {
  try {
    const site = readSite(await projectName(), stack.split("/").at(-1) ?? stack, await readConfig(cli));
    return await findLeftBehind(api, site, knownIdsOf(resources));
  } catch (error) {
    if (!(error instanceof StackConfigError || error instanceof PreflightError)) throw error;
    console.log(`Whether a run that was cut off left something at Cloudflare cannot be found out:\n${error.message}`);
    return [];
  }
}

export const leftBehindLines = (left: readonly LeftBehind[]): readonly string[] =>
  left.length === 0
    ? []
    : [
        "Deleted at Cloudflare as well: this stack made it in a run that was cut off, and the state does not have it:",
        ...left.map(({ kind, name, id }) => `  ${kind}  ${name}  ${id}`),
      ];

const PERMISSIONS = {
  record: "DNS Write",
  ruleset: "that changes the rules of its phase",
  list: LISTS_PERMISSION,
  tunnel: "Cloudflare Tunnel Write",
} as const;

/**
 * No connector ever ran for a tunnel that a run made and did not write down. One that has connections is a live site
 * in another state of this stack, as in another backend or on another machine. @throws CommandError in that case
 */
export async function assertNotInUse(api: Cloudflare, stack: string, left: readonly LeftBehind[]): Promise<void> {
  for (const { path, id } of left.filter(({ kind }) => kind === "tunnel")) {
    const connections = api.get<{ readonly result?: readonly unknown[] | null }>(`${path}/connections`);
    const { result } = await calling(connections, PERMISSIONS.tunnel);
    if (!result?.length) continue;
    throw new CommandError(
      `The tunnel ${id} has connectors and is not in the state: another state of ${stack} has this site, in ` +
        "another backend of Pulumi or on another machine. Nothing was done. Run it there; `pulumi whoami " +
        `--verbose\` names the backend. Where that state is lost, \`npm run up -- --stack ${stack}\` takes the ` +
        "site into this one.",
    );
  }
}

/** @throws AccountError where Cloudflare refuses */
export async function deleteLeftBehind(api: Cloudflare, left: readonly LeftBehind[]): Promise<void> {
  for (const { kind, name, path } of left) {
    try {
      await calling(api.delete(path), PERMISSIONS[kind]);
    } catch (error) {
      if (!(error instanceof AccountError && error.status === 404)) throw error;
    }
    console.log(`Deleted: ${kind} ${name}, left by a run that was cut off.`);
  }
}
