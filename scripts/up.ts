// `npm run up -- --stack NAME`: deploys the stack, repairs what was changed by hand, and writes the tunnel's token to a file for
// the connectors of this machine.
import { tellState } from "./pulumi/cli.ts";
import { writeTokenFile } from "./pulumi/token-file.ts";
import { runVerb, VerbError } from "./pulumi/verb.ts";

await runVerb("up", async ({ cli, stack, rest, folder, env }) => {
  tellState(await cli.state(), env);
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
