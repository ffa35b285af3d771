/** The connectors that run on this machine for a stack's token: they change to a new token, and stop when the tunnel goes. */
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ConnectorProblem, changeToken, describeTokenChange, registered } from "../../cloudflared/index.ts";
import { writeTokenFile } from "./token-file.ts";
import type { Tunnel } from "./tunnel.ts";
import { VerbError } from "./verb.ts";

/** The program and its arguments that start a connector: what `npm run connector` stands for. */
export const CONNECTOR = [process.execPath, resolve(import.meta.dirname, "../run.mjs"), "connector"] as const;

/** What a connector needs of our environment to find itself and its programs. */
export function connectorEnvironment(): Readonly<Record<string, string>> {
  const { PATH = "", HOME = "" } = process.env;
  return { PATH, HOME };
}

/**
 * Gives the tunnel a new secret and writes its token into the stack's folder, from where each connector of this machine takes
 * it without losing a request. @throws VerbError where Cloudflare refuses, or a connector could not change; it runs on.
 */
export async function rotateSecret(tunnel: Tunnel, folder: string, tell: (line: string) => void): Promise<void> {
  const file = writeTokenFile(folder, await tunnel.rotate());
  tell(`The tunnel has a new secret; its token is in ${file}.`);
  try {
    const changes = await changeToken(file);
    for (const change of changes) tell(describeTokenChange(change, file));
    if (changes.some(({ kind }) => kind === "failed")) throw new VerbError("not every connector has the new token.");
  } catch (error) {
    if (error instanceof ConnectorProblem) throw new VerbError(error.message);
    throw error;
  }
}

/** Milliseconds that connectors have for the requests in flight; after that their connections are ended at Cloudflare. */
const PATIENCE = 60_000;

/** Asks every connector of this machine to stop, waits until they have, and answers their pids. */
export async function stopConnectors(file: string): Promise<readonly number[]> {
  const running = await registered(file);
  for (const { pid } of running) process.kill(pid, "SIGTERM");
  for (let left = PATIENCE; left > 0 && (await registered(file)).length > 0; left -= 100) await delay(100);
  return running.map(({ pid }) => pid);
}
