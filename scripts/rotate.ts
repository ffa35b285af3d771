// `npm run rotate -- --stack NAME`: gives the tunnel a new secret, and each connector of this machine a replacement that has it,
// without losing a request.
import { rotateSecret } from "./pulumi/local-connectors.ts";
import { openTunnel } from "./pulumi/tunnel.ts";
import { runVerb, VerbError } from "./pulumi/verb.ts";

await runVerb("rotate", async ({ cli, stack, folder, env }) => {
  const tunnel = await openTunnel(cli, await cli.state(), env);
  if (tunnel === undefined) {
    throw new VerbError(`${stack} has no tunnel: run \`npm run up -- --stack ${stack}\` first.`);
  }
  await rotateSecret(tunnel, folder, console.log);
  console.log(
    "Other machines: copy the token there, start a second connector with it, wait until it is ready, then stop the first.\n" +
      "Connectors that run go on with the old token until they end. If somebody else may have it, end their connections too:\n" +
      "https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/remote-tunnel-permissions/",
  );
  return 0;
});
