// `npm run down -- --stack NAME [--yes]`: stops and disconnects the connectors, lifts the tunnel's protection, then destroys the
// stack. What was adopted and zone settings stay.
import { rmSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { setTimeout as delay } from "node:timers/promises";
import { registered } from "../cloudflared/index.ts";
import { tokenFile } from "./pulumi/token-file.ts";
import { openTunnel } from "./pulumi/tunnel.ts";
import { runVerb } from "./pulumi/verb.ts";

/** Milliseconds that connectors have for the requests in flight; after that their connections are ended at Cloudflare. */
const PATIENCE = 60_000;

await runVerb("down", async ({ cli, stack, rest, folder, env }) => {
  const resources = await cli.state();
  const others = rest.filter((arg) => arg !== "--yes" && arg !== "-y");
  if (others.length === rest.length && !(await confirmed(stack))) return 1;
  const tunnel = await openTunnel(cli, resources, env);
  if (tunnel !== undefined) {
    await stopConnectors(tokenFile(folder));
    // a tunnel with connections cannot be deleted (1022)
    await tunnel.disconnect();
    const code = await cli.show("state", "unprotect", tunnel.urn, "--yes");
    if (code !== 0) return code;
  }
  const code = await cli.show("destroy", "--yes", ...others);
  if (code === 0) rmSync(tokenFile(folder), { force: true });
  return code;
});

async function stopConnectors(file: string): Promise<void> {
  const running = await registered(file);
  for (const { pid } of running) process.kill(pid, "SIGTERM");
  for (let left = PATIENCE; left > 0 && (await registered(file)).length > 0; left -= 100) await delay(100);
  if (running.length > 0) console.log(`Stopped ${running.map(({ pid }) => `connector ${pid}`).join(", ")}.`);
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
    return false;
  } finally {
    terminal.close();
  }
}
