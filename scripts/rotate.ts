// `npm run rotate -- --stack NAME`: gives the tunnel a new secret, and each connector of this machine a replacement that has it,
// without losing a request.
import { resolve } from "node:path";
import { ConnectorProblem, replaceConnectors } from "../cloudflared/index.ts";
import { writeTokenFile } from "./pulumi/token-file.ts";
import { openTunnel } from "./pulumi/tunnel.ts";
import { runVerb, VerbError } from "./pulumi/verb.ts";

await runVerb("rotate", async ({ cli, stack, folder, env }) => {
  const tunnel = await openTunnel(cli, await cli.state(), env);
  if (tunnel === undefined) {
    throw new VerbError(`${stack} has no tunnel: run \`npm run up -- --stack ${stack}\` first.`);
  }
  const file = writeTokenFile(folder, await tunnel.rotate());
  console.log(`The tunnel has a new secret; its token is in ${file}.`);
  for (const replaced of await replacements(file)) {
    console.log(`Connector ${replaced.old} is replaced by ${replaced.new}.`);
  }
  console.log(
    "Other machines: copy the token there, start a second connector with it, wait until it is ready, then stop the first.\n" +
      "Connectors that run go on with the old token until they end. If somebody else may have it, end their connections too:\n" +
      "https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/remote-tunnel-permissions/",
  );
  return 0;
});

async function replacements(file: string) {
  const { PATH = "", HOME = "" } = process.env;
  try {
    return await replaceConnectors(file, {
      command: [process.execPath, resolve(import.meta.dirname, "run.mjs"), "connector"],
      env: { PATH, HOME },
    });
  } catch (error) {
    if (error instanceof ConnectorProblem) throw new VerbError(error.message);
    throw error;
  }
}
