/**
 * The connectors that run on this machine with a stack's token: gives them a new token, and stops them before the
 * tunnel is deleted.
 */
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  ConnectorProblem,
  changeToken,
  describeTokenChange,
  registeredConnectors,
  sendStopSignal,
} from "../../cloudflared/index.ts";
import { AccountError } from "../cloudflare-account/account.ts";
import type { StackTunnel } from "../cloudflare-account/tunnel.ts";
import { CommandError } from "../command-line/index.ts";
import { tokenFile, writeTokenFile } from "./token-file.ts";

/** The program and its arguments that start a connector: those of `npm run connector`. */
export const CONNECTOR = [process.execPath, resolve(import.meta.dirname, "../run.mjs"), "connector"] as const;

/** The variables of our environment that a connector needs: to find cloudflared, and its own files. */
export function connectorEnvironment(): Readonly<Record<string, string>> {
  const { PATH = "", HOME = "" } = process.env;
  return { PATH, HOME };
}

/**
 * Gives the tunnel a new secret and writes its token into the stack's folder, from where each connector of this
 * machine takes it without losing a request. @throws CommandError with whether the secret has changed, and what to do
 */
export async function rotateSecret(tunnel: StackTunnel, folder: string, tell: (line: string) => void): Promise<void> {
  await changeSecret(tunnel);
  const file = writeTokenFile(folder, await newToken(tunnel, tokenFile(folder)));
  tell(`The tunnel has a new secret; its token is in ${file}.`);
  try {
    const changes = await changeToken(file);
    for (const change of changes) tell(describeTokenChange(change, file));
    if (changes.some(({ kind }) => kind === "failed")) throw new CommandError("not every connector has the new token.");
  } catch (error) {
    if (error instanceof ConnectorProblem) throw new CommandError(error.message);
    throw error;
  }
}

async function changeSecret(tunnel: StackTunnel): Promise<void> {
  try {
    await tunnel.changeSecret();
  } catch (error) {
    if (!(error instanceof AccountError) || (error.status !== undefined && error.status < 500)) throw error;
    throw new CommandError(
      `${error.message}\n` +
        "Whether the tunnel's secret has changed is not known. Connectors that run go on; none may be able to " +
        "start. Run the same command again: it sets a new secret and writes its token.",
    );
  }
}

async function newToken(tunnel: StackTunnel, file: string): Promise<string> {
  try {
    return await tunnel.token();
  } catch (error) {
    if (!(error instanceof AccountError)) throw error;
    throw new CommandError(
      `The tunnel's secret has changed, but its new token could not be read. ${error.message}\n` +
        `Connectors that run go on; none can start with the token in ${file}, which is the old one. Run the same ` +
        "command again: it sets another secret and writes its token.",
    );
  }
}

/**
 * Milliseconds that connectors have for the requests in flight; after that their connections are ended at Cloudflare.
 */
const STOP_TIMEOUT_MS = 60_000;

/** Stops every connector of this machine, waits for their end, and returns a line for each. */
export async function stopConnectors(file: string): Promise<readonly string[]> {
  const running = await registeredConnectors(file);
  for (const connector of running) await sendStopSignal(connector);
  const deadline = performance.now() + STOP_TIMEOUT_MS;
  while (performance.now() < deadline && (await registeredConnectors(file)).length > 0) await delay(100);
  return running.map(({ pid, service }) =>
    service === undefined
      ? `Stopped connector ${pid}.`
      : `Stopped connector ${pid} of ${service.name}, which may start it again. It cannot connect without its ` +
        "tunnel: disable the service.",
  );
}
