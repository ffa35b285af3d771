// `npm run up -- --stack NAME`: deploys the stack, repairs what was changed by hand, and writes the tunnel's token to a file for
// the connectors of this machine.
import { type Cli, PulumiFailed, type StateResource } from "./pulumi/cli.ts";
import { writeTokenFile } from "./pulumi/token-file.ts";
import { openTunnel } from "./pulumi/tunnel.ts";
import { runVerb, VerbError } from "./pulumi/verb.ts";

await runVerb("up", async ({ cli, stack, rest, folder, env }) => {
  await forgetDeletedTunnel(cli, await cli.state(), env);
  const code = await cli.show("up", "--refresh", ...rest);
  if (code !== 0) return code;
  const { code: failed, output, errors } = await cli.read("stack", "output", "tunnelToken", "--show-secrets");
  if (failed !== 0) throw new VerbError(`The stack is up, but its token cannot be read: ${errors.trim()}`);
  const file = writeTokenFile(folder, output.trim());
  console.log(
    `The tunnel's token is in ${file}.\n` +
      "Next: `npm run backend`, and on the same machine, in another terminal:\n" +
      `  TUNNEL_TOKEN_FILE=${file} npm run connector\n` +
      `\`npm run drift -- --stack ${stack}\` tells whether anybody changed something by hand.`,
  );
  return 0;
});

/**
 * A tunnel that was deleted elsewhere still answers, and the provider takes it for there; so it is taken out of the state with what depends
 * on it. The run makes a new one, and takes back the records, which carry the stack's mark.
 */
async function forgetDeletedTunnel(
  cli: Cli,
  resources: readonly StateResource[],
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const tunnel = await openTunnel(cli, resources, env);
  const deleted = await tunnel?.deletedAt();
  if (tunnel === undefined || deleted === undefined) return;
  console.log(
    `The tunnel ${tunnel.id} was deleted elsewhere (${deleted}). It is taken out of the state, and a new one is made: its\n` +
      "connectors on every machine have to be started anew, with the new token.",
  );
  const args = ["state", "delete", tunnel.urn, "--force", "--target-dependents", "--yes"];
  const { code, errors } = await cli.read(...args);
  if (code !== 0) throw new PulumiFailed(errors.trim());
}
