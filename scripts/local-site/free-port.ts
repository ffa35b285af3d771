import { type AddressInfo, createServer } from "node:net";
import { CommandError } from "../command-line/index.ts";

const MAX_TRIES = 100;

/**
 * The first port from `wanted` on, of at most `tries` ports, that is free at 127.0.0.1 and not in `taken`; any free
 * one for 0.
 *
 * @throws CommandError when all are in use
 */
export async function freePort(
  wanted: number,
  taken: ReadonlySet<number> = new Set(),
  tries = MAX_TRIES,
): Promise<number> {
  const last = wanted === 0 ? 0 : Math.min(wanted + tries - 1, 65_535);
  for (let port = wanted; port <= last; port++) {
    const free = taken.has(port) ? undefined : await tryPort(port);
    if (free !== undefined) return free;
  }
  const which = tries === 1 ? `port ${wanted} is` : `all ports from ${wanted} to ${last} are`;
  throw new CommandError(`${which} in use at 127.0.0.1: end a program that uses one, or name another port`);
}

/** Listens on a port and stops again. Returns the port; undefined where it is in use. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(undefined));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const { port: found } = probe.address() as AddressInfo;
      probe.close(() => resolve(found));
    });
  });
}
