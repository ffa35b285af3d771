// `npm run preview -- --stack NAME`: what `npm run up` would do. Reads only.
import { openTunnel } from "./pulumi/tunnel.ts";
import { runVerb, VerbError } from "./pulumi/verb.ts";

await runVerb("preview", async ({ cli, stack, rest, env }) => {
  const tunnel = await openTunnel(cli, await cli.state(), env);
  const deleted = await tunnel?.deletedAt();
  if (deleted !== undefined) {
    throw new VerbError(
      `The tunnel ${tunnel?.id} was deleted elsewhere (${deleted}). \`npm run up -- --stack ${stack}\` makes a new one; until then nothing else can be previewed.`,
    );
  }
  return cli.show("preview", "--refresh", "--diff", ...rest);
});
