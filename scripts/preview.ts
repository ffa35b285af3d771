import { openAccount } from "./cloudflare-account/account.ts";
import { tunnelOf } from "./cloudflare-account/tunnel.ts";
import { CommandError, command, flag, runCommand } from "./command-line/index.ts";
import { OPERATOR_ENVIRONMENT, openOperator, stackOption } from "./pulumi-cli/operator.ts";
import { RUN_PROGRAM } from "./pulumi-cli/run-program.ts";
import { showDrift } from "./stack-drift/show-drift.ts";

await runCommand(
  command({
    name: "preview",
    summary: "Shows what was changed by hand, and what `npm run up` would do. Reads only.",
    options: {
      stack: stackOption,
      expectNoChanges: flag("--expect-no-changes", "ends with 1 where anything would change"),
    },
    environment: {
      ...OPERATOR_ENVIRONMENT,
      CAUSEWAY_UNPROVED: "yes: goes on where examples and stories do not prove the policy, as `up` would with it",
      CAUSEWAY_OPENS: "hostnames, with paths: goes on where they lose the protection of Access, as `up` would with it",
    },
    examples: ["--stack prod"],
    failure: "nothing can be deployed, or something would change where no change was expected",
    async run({ options }) {
      const { cli, stack, env } = await openOperator(options.stack);
      const { resources } = await cli.state();
      const tunnel = tunnelOf(resources, await openAccount(cli, env));
      const deleted = await tunnel?.deletedAt();
      if (deleted !== undefined) {
        throw new CommandError(
          `The tunnel ${tunnel?.id} was deleted elsewhere (${deleted}). \`npm run up -- --stack ${stack}\` makes a ` +
            "new one; until then nothing else can be previewed.",
        );
      }
      if (resources.some(({ type }) => type.startsWith("cloudflare:"))) await showDrift(cli, true);
      const more = options.expectNoChanges ? ["--expect-no-changes"] : [];
      const code = await cli.show(["preview", "--refresh", RUN_PROGRAM, "--diff", ...more]);
      return code === 0 ? 0 : 1;
    },
  }),
);
