// `npm run down -- --stack NAME [--yes]`: stops and disconnects the connectors, lifts the tunnel's protection, then destroys the
// stack. What was adopted and zone settings stay.
import { rmSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import type { StateResource } from "./pulumi/cli.ts";
import { stopConnectors } from "./pulumi/local-connectors.ts";
import { tokenFile } from "./pulumi/token-file.ts";
import { openTunnel } from "./pulumi/tunnel.ts";
import { runVerb } from "./pulumi/verb.ts";

await runVerb("down", async ({ cli, stack, rest, folder, env }) => {
  const resources = await cli.state();
  const others = rest.filter((arg) => arg !== "--yes" && arg !== "-y");
  if (others.length === rest.length && !(await confirmed(stack))) return 1;
  const tunnel = await openTunnel(cli, resources, env);
  if (tunnel !== undefined) {
    const stopped = await stopConnectors(tokenFile(folder));
    if (stopped.length > 0) console.log(`Stopped ${stopped.map((pid) => `connector ${pid}`).join(", ")}.`);
    // a tunnel with connections cannot be deleted (1022)
    await tunnel.disconnect();
    const code = await cli.show("state", "unprotect", tunnel.urn, "--yes");
    if (code !== 0) return code;
  }
  const code = await cli.show("destroy", "--yes", ...others);
  if (code !== 0) return code;
  rmSync(tokenFile(folder), { force: true });
  const left = resources.filter(stays).map(({ urn }) => urn.split("::").at(-1));
  if (left.length > 0) console.log(`Still at Cloudflare, as they are now: ${left.join(", ")}.`);
  return 0;
});

/** What was adopted, and zone settings, which cannot be deleted. */
function stays({ type, retainOnDelete }: StateResource): boolean {
  return retainOnDelete === true || type === "cloudflare:index/zoneSetting:ZoneSetting";
}

async function confirmed(stack: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    console.error("down: nobody is there to confirm it; run it in a terminal, or with --yes.");
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(`The site of ${stack} will be gone. Type the stack's name to go on: `);
    if (answer.trim() === stack) return true;
    console.error("down: that is not its name; nothing was done.");
  } catch (error) {
    // Ctrl-C or Ctrl-D
    if (!(error instanceof Error && error.name === "AbortError")) throw error;
    console.error("\ndown: not confirmed; nothing was done.");
  } finally {
    terminal.close();
  }
  return false;
}
