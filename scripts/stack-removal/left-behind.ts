/**
 * Resources that an interrupted run made at Cloudflare and did not write into the state. `pulumi destroy` does not
 * know them, so `down` finds and deletes them itself.
 */
import type Cloudflare from "cloudflare";
import { StackConfigError } from "../../infra/config.ts";
import {
  findLeftBehind,
  knownIdsOf,
  type LeftBehind,
  LISTS_PERMISSION,
  obstacleLines,
  PreflightError,
} from "../../infra/preflight/for-commands.ts";
import { readSite } from "../../infra/site-config.ts";
import { AccountError, callApi, readConfig } from "../cloudflare-account/account.ts";
import { CommandError } from "../command-line/index.ts";
import type { Cli } from "../pulumi-cli/cli.ts";
import type { StateResource } from "../pulumi-cli/stack-state.ts";
import { projectName } from "../pulumi-cli/state-folder.ts";

/**
 * Finds these resources. Where the account cannot be read, returns none and prints a warning: the rest of the stack
 * can be removed nevertheless.
 */
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
    const reasons = error instanceof PreflightError ? obstacleLines(error.obstacles) : [error.message];
    console.log(["Whether an interrupted run left something at Cloudflare could not be read:", ...reasons].join("\n"));
    return [];
  }
}

export const leftBehindLines = (left: readonly LeftBehind[]): readonly string[] =>
  left.length === 0
    ? []
    : [
        "Deleted at Cloudflare as well: an interrupted run of this stack made it, and the state does not have it:",
        ...left.map(({ kind, name, id }) => `  ${kind}  ${name}  ${id}`),
      ];

/** The permission that deletes a resource, by its name in the API. */
const PERMISSIONS = {
  record: "DNS Write",
  ruleset: "that changes the rules of its phase",
  list: LISTS_PERMISSION,
  tunnel: "Cloudflare Tunnel Write",
  application: "Access: Apps and Policies Write",
  policy: "Access: Apps and Policies Write",
  "service token": "Access: Service Tokens Write",
} as const;

/**
 * Refuses to delete a tunnel that has connectors. An interrupted run never starts a connector for its tunnel, so a
 * tunnel with connectors belongs to a live site that another state of this stack manages: one in another Pulumi
 * backend, or on another machine.
 * @throws CommandError where a tunnel has connectors
 */
export async function assertNotInUse(api: Cloudflare, stack: string, left: readonly LeftBehind[]): Promise<void> {
  for (const { path, id } of left.filter(({ kind }) => kind === "tunnel")) {
    const connections = api.get<{ readonly result?: readonly unknown[] | null }>(`${path}/connections`);
    const { result } = await callApi(connections, PERMISSIONS.tunnel);
    if (!result?.length) continue;
    throw new CommandError(
      `The tunnel ${id} has connectors and is not in the state: another state of ${stack} has this site, in ` +
        "another backend of Pulumi or on another machine. Nothing was done. Run it there; `pulumi whoami " +
        `--verbose\` names the backend. Where that state is lost, \`npm run up -- --stack ${stack}\` takes the ` +
        "site into this one.",
    );
  }
}

/** Deletes them, and prints a line for each. @throws AccountError where Cloudflare refuses */
export async function deleteLeftBehind(api: Cloudflare, left: readonly LeftBehind[]): Promise<void> {
  for (const { kind, name, path } of left) {
    try {
      await callApi(api.delete(path), PERMISSIONS[kind]);
    } catch (error) {
      if (!(error instanceof AccountError && error.status === 404)) throw error;
    }
    console.log(`Deleted: ${kind} ${name}, left by an interrupted run.`);
  }
}
