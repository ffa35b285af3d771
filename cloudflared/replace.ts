import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { ConnectorProblem } from "./problem.ts";
import { isAlive, logOf, type RegisteredConnector, registered } from "./registry.ts";

/** What replacing one connector came to. */
export interface Replacement {
  readonly old: number;
  readonly new: number;
}

/** How to start what replaces. */
export interface ReplaceOptions {
  /** The program and its arguments that start a connector: `npm run connector`, or what it stands for. */
  readonly command: readonly [program: string, ...args: string[]];
  /** Passed on to the new connectors, under what the old ones were started with. */
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds that a new connector has to become ready, and an old one to end; 60,000 by default. */
  readonly within?: number;
}

/** Replaces the connectors that this machine runs for a token's file, one after the other, as after a rotation of the secret: a new
 * one is started with the token that stands in the file now, and only when it is ready the old one is told to stop, which lets its
 * requests end. Rejects with a ConnectorProblem, the old connector still running, when a new one does not become ready. */
export async function replaceConnectors(tokenFile: string, options: ReplaceOptions): Promise<Replacement[]> {
  const within = options.within ?? 60_000;
  const replaced: Replacement[] = [];
  for (const old of await registered(tokenFile)) {
    const pid = await startLike(old, tokenFile, options, within);
    process.kill(old.pid, "SIGTERM");
    for (let left = within; isAlive(old.pid) && left > 0; left -= 100) await delay(100);
    replaced.push({ old: old.pid, new: pid });
  }
  return replaced;
}

/** Starts a connector as a process that outlives this one, and waits until it has registered itself as ready. */
async function startLike(
  old: RegisteredConnector,
  tokenFile: string,
  { command, env }: ReplaceOptions,
  within: number,
): Promise<number> {
  const [program, ...args] = command;
  // A pipe would break with this process, and the connector with it.
  const log = await open(logOf(tokenFile), "a", 0o600);
  const child = spawn(program, args, {
    env: { ...env, ...old.env, TUNNEL_TOKEN_FILE: tokenFile },
    stdio: ["ignore", "ignore", log.fd],
    detached: true,
  });
  const ended = once(child, "exit").catch(() => []);
  await log.close();
  for (let left = within; left > 0; left -= 100) {
    if (await Promise.race([ended, delay(100)])) break;
    if ((await registered(tokenFile)).some((connector) => connector.pid === child.pid)) {
      child.unref();
      return child.pid ?? 0;
    }
  }
  child.kill("SIGTERM");
  const said = await readFile(logOf(tokenFile), "utf8");
  const reason =
    said
      .match(/^connector: .*$/gm)
      ?.at(-1)
      ?.slice("connector: ".length) ?? "it did not become ready in time.";
  throw new ConnectorProblem(
    "NOT_READY",
    `The replacement for connector ${old.pid}, which still runs, is not ready: ${reason}`,
  );
}
