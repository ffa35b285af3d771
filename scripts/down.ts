import { openAccount } from "./cloudflare-account/account.ts";
import { type AdoptedResource, adoptedResources, putBack } from "./cloudflare-account/as-found.ts";
import { checkWriteRights } from "./cloudflare-account/rights.ts";
import { describeClient, type StackTunnel, tunnelOf } from "./cloudflare-account/tunnel.ts";
import { CommandError, command, flag, refusalOf, runCommand } from "./command-line/index.ts";
import { assertUnlocked } from "./pulumi-cli/lock.ts";
import { OPERATOR_ENVIRONMENT, openOperator, stackOption, throwAfterSignal } from "./pulumi-cli/operator.ts";
import { isLeftByDestroy, isOfEveryStack, kindOf, type StateResource } from "./pulumi-cli/stack-state.ts";
import { disconnectAll } from "./stack-connectors/disconnect.ts";
import { stopConnectors } from "./stack-connectors/local-connectors.ts";
import { removeSecretFiles, tokenFile } from "./stack-connectors/token-file.ts";
import { lookForForeign } from "./stack-drift/show-drift.ts";
import { destroy, setProtection } from "./stack-removal/destroy.ts";
import { assertNoGuests, guestLines, guestVerdict, readGuests } from "./stack-removal/guests.ts";
import { inventoryLines } from "./stack-removal/inventory.ts";
import { assertNotInUse, deleteLeftBehind, leftBehindLines, lookForLeftBehind } from "./stack-removal/left-behind.ts";

await runCommand(
  command({
    name: "down",
    summary: "Takes the site of a stack down: disconnects its connectors, then deletes what the stack made.",
    details:
      "It lists what is deleted, what is put back and what stays, and asks. Nothing is changed before it is " +
      "confirmed. The connectors of this machine are stopped; others are cut off and cannot come back, because the " +
      "tunnel's secret changes first.",
    options: {
      stack: stackOption,
      yes: flag("-y, --yes", "does not ask"),
      previewOnly: flag("--preview-only", "lists, and does nothing"),
      leaveGuests: flag("--leave-guests", "goes on although the zone has guests, which then have no rules"),
    },
    environment: OPERATOR_ENVIRONMENT,
    examples: ["--stack prod --preview-only", "--stack prod"],
    failure: "it was not confirmed, or not everything could be deleted",
    async run({ options }) {
      const { cli, stack, folder, env } = await openOperator(options.stack);
      const { resources } = await cli.state();
      await assertUnlocked(cli, stack);
      const api = await openAccount(cli, env);
      const tunnel = tunnelOf(resources, api);
      // reads with the current API token, so that a wrong one fails before anything is stopped
      const deleted = await tunnel?.deletedAt();
      const connected = tunnel === undefined || deleted !== undefined ? [] : await tunnel.connectors();
      const adopted = adoptedResources(resources);
      const left = await lookForLeftBehind(cli, api, stack, resources);
      const changed = resources.filter((resource) => kindOf(resource) === "ruleset" && isChanged(resource, adopted));
      const foreign = await lookForForeign(cli, changed);
      const lines = [...inventoryLines(resources, adopted), ...foreignLines(foreign), ...leftBehindLines(left)];
      const guests = await readGuests(api, stack, resources, left);
      for (const line of [...lines, ...guestLines(guests)]) console.log(line);
      for (const client of connected) console.log(`Disconnected: ${describeClient(client)}.`);
      if (lines.length === 0)
        console.log(`The state of ${stack} has nothing at Cloudflare: there is nothing to delete.`);
      await assertNotInUse(api, stack, left);
      if (options.previewOnly) {
        for (const line of guestVerdict(guests, options.leaveGuests === true)) console.log(line);
      }
      if (options.previewOnly || (lines.length === 0 && resources.every(isOfEveryStack))) return;
      if (!options.leaveGuests) assertNoGuests(guests);
      const refusal = options.yes
        ? undefined
        : await refusalOf(`The site of ${stack} will be deleted. Type ${stack} to go on: `, stack);
      if (refusal !== undefined) throw new CommandError(refusal);

      // writes the state as it is: fails where another run has locked it, before anything is stopped
      await setProtection(
        cli,
        "protect",
        resources.filter(({ protect }) => protect === true).map(({ urn }) => urn),
      );
      await checkWriteRights(api, resources);
      const closesTunnel = tunnel !== undefined && deleted === undefined && !tunnel.isAdopted;
      // the first change: a token that may not change the tunnel stops here
      if (closesTunnel) await tunnel.changeSecret();
      throwAfterSignal("stopped the connectors");
      const isRecord = ({ resource }: (typeof adopted)[number]) => kindOf(resource) === "record";
      // before the tunnel is disconnected, so that these hostnames always have a target
      await putBack(api, adopted.filter(isRecord), console.log);
      for (const line of await stopConnectors(tokenFile(folder))) console.log(line);
      if (closesTunnel) await disconnectAll(tunnel, { tell: console.log });
      throwAfterSignal("deleted anything");
      // after that, so that the site cannot be reached without its rules
      await putBack(
        api,
        adopted.filter((one) => !isRecord(one)),
        console.log,
      );
      await destroy(cli, stack, () => disconnectAgain(closesTunnel ? tunnel : undefined));
      await deleteLeftBehind(api, left);
      removeSecretFiles(folder);
      console.log(`The site of ${stack} is down.`);
    },
  }),
);

/** What `down` deletes, or puts back as it was found. */
function isChanged(resource: StateResource, adopted: readonly AdoptedResource[]): boolean {
  return (
    !isLeftByDestroy(resource) ||
    adopted.some(({ resource: { urn }, found }) => urn === resource.urn && found !== undefined)
  );
}

function foreignLines(foreign: readonly string[]): readonly string[] {
  return foreign.length === 0 ? [] : ["Made by others in these rulesets, and deleted with them:", ...foreign];
}

/**
 * After a destroy that failed: connectors that have connected again are the one cause that another try can solve.
 */
async function disconnectAgain(tunnel: StackTunnel | undefined): Promise<"again" | "give up"> {
  if (tunnel === undefined || (await tunnel.deletedAt()) !== undefined) return "give up";
  if ((await tunnel.connectors()).length === 0) return "give up";
  await disconnectAll(tunnel, { tell: console.log });
  return "again";
}
