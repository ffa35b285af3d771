import { openAccount } from "./cloudflare-account/account.ts";
import { tunnelOf } from "./cloudflare-account/tunnel.ts";
import { CommandError, command, runCommand } from "./command-line/index.ts";
import { assertUnlocked } from "./pulumi-cli/lock.ts";
import { OPERATOR_ENVIRONMENT, openOperator, stackOption } from "./pulumi-cli/operator.ts";
import { rotateSecret } from "./stack-connectors/local-connectors.ts";

await runCommand(
  command({
    name: "rotate",
    summary: "Gives the tunnel of a stack a new secret, and the connectors of this machine its token.",
    details: "No request is lost. Connectors of other machines run on with the old token until they end.",
    options: { stack: stackOption },
    environment: OPERATOR_ENVIRONMENT,
    examples: ["--stack prod"],
    failure: "the secret could not be changed, or a connector has not taken the new token",
    async run({ options }) {
      const { cli, stack, folder, env } = await openOperator(options.stack);
      const { resources } = await cli.state();
      // an `up` that has read the token already would write the old one over the new one
      await assertUnlocked(cli, stack);
      const tunnel = tunnelOf(resources, await openAccount(cli, env));
      if (tunnel === undefined) {
        throw new CommandError(`${stack} has no tunnel: run \`npm run up -- --stack ${stack}\` first.`);
      }
      const deleted = await tunnel.deletedAt();
      if (deleted !== undefined) {
        throw new CommandError(
          `The tunnel ${tunnel.id} was deleted elsewhere (${deleted}): \`npm run up -- --stack ${stack}\` makes a ` +
            "new one.",
        );
      }
      await rotateSecret(tunnel, folder, console.log);
      console.log(
        "`pulumi stack output tunnelToken --show-secrets` prints the old token, which no connector can start with, " +
          "until the next `npm run up`.\n" +
          "Other machines: copy the token there, start a second connector with it, wait until it is ready, then stop " +
          "the first.\n" +
          "Connectors that run go on with the old token until they end. If an attacker may have it, end their " +
          "connections too:\n" +
          "https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/remote-tunnel-permissions/",
      );
    },
  }),
);
