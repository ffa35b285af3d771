import { openAccount } from "./cloudflare-account/account.ts";
import { serviceTokenOf } from "./cloudflare-account/service-token.ts";
import { tunnelOf } from "./cloudflare-account/tunnel.ts";
import {
  CommandError,
  command,
  option,
  optionWithDefault,
  runCommand,
  text,
  wholeNumber,
} from "./command-line/index.ts";
import { assertUnlocked } from "./pulumi-cli/lock.ts";
import { OPERATOR_ENVIRONMENT, type OperatorStack, openOperator, stackOption } from "./pulumi-cli/operator.ts";
import { rotateSecret } from "./stack-connectors/local-connectors.ts";
import { serviceTokenFile, writeSecretFile } from "./stack-connectors/token-file.ts";

const HOUR_MS = 60 * 60 * 1000;
const DEFAULT_GRACE_HOURS = 24;
/** A year. */
const MAX_GRACE_HOURS = 8_760;

await runCommand(
  command({
    name: "rotate",
    summary: "Gives the tunnel of a stack a new secret, and the connectors of this machine its token.",
    details:
      "No request is lost. Connectors of other machines run on with the old token until they end. " +
      "With --service-token, a service token of Access gets a new secret instead.",
    options: {
      stack: stackOption,
      serviceToken: option("--service-token <name>", "a service token of `causeway:access`", text),
      grace: optionWithDefault(
        "--grace <hours>",
        "how long the secret before of a service token is accepted",
        wholeNumber(0, MAX_GRACE_HOURS),
        DEFAULT_GRACE_HOURS,
      ),
    },
    environment: OPERATOR_ENVIRONMENT,
    examples: ["--stack prod", "--stack prod --service-token ci --grace 48"],
    failure: "the secret could not be changed, or a connector has not taken the new token",
    async run({ options }) {
      const operator = await openOperator(options.stack);
      if (options.serviceToken !== undefined) {
        await rotateServiceToken(operator, options.serviceToken, options.grace);
        return;
      }
      const { cli, stack, folder, env } = operator;
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
          "Other machines: copy the token there. `npm run connector` takes it by itself when you replace its file. " +
          "Under systemd, replace /etc/causeway/tunnel-token, then run `systemctl restart causeway-connector`. Any " +
          "other: start a second connector with the token, wait until it is ready, then stop the first.\n" +
          "Connectors that run go on with the old token until they end. If an attacker may have it, end their " +
          "connections too:\n" +
          "https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/remote-tunnel-permissions/",
      );
    },
  }),
);

/** The secret is written into a file: what a command prints may end in a log. */
async function rotateServiceToken(
  { cli, stack, folder, env }: OperatorStack,
  name: string,
  hours: number,
): Promise<void> {
  const { resources } = await cli.state();
  // an `up` that runs could replace the token meanwhile
  await assertUnlocked(cli, stack);
  const token = serviceTokenOf(resources, await openAccount(cli, env), name);
  if (token === undefined) {
    throw new CommandError(
      `${stack} has no service token ${name}: name it in \`causeway:access\`, and run \`npm run up\` first.`,
    );
  }
  const end = new Date(Date.now() + hours * HOUR_MS);
  const { clientId, clientSecret } = await token.rotate(end);
  const lines = [`CF_ACCESS_CLIENT_ID=${clientId}`, `CF_ACCESS_CLIENT_SECRET=${clientSecret}`];
  const file = writeSecretFile(folder, serviceTokenFile(folder, name), lines.join("\n"));
  console.log(
    `The service token ${name} has a new secret, in ${file}. Give it to the programs that use the token, then delete ` +
      `the file: nothing shows the secret again. The one before is accepted until ${end.toISOString()}.\n` +
      "`pulumi stack output accessServiceTokens` still has the first secret of the token, not this one.",
  );
}
