// `npm run preview -- --stack NAME`: what `npm run up` would do. Reads only.
import { tellState } from "./pulumi/cli.ts";
import { runVerb } from "./pulumi/verb.ts";

await runVerb("preview", async ({ cli, rest, env }) => {
  tellState(await cli.state(), env);
  return cli.show("preview", "--refresh", "--diff", ...rest);
});
