import { type AddressInfo, createServer } from "node:net";

const TRIES = 100;

/**
 * The first port at or after `wanted` that can be listened on at 127.0.0.1 and is not `taken`, at most 100 ports on; with 0 any
 * free one.
 *
 * @throws Error naming the range when all are in use
 */
export async function freePort(wanted: number, taken: ReadonlySet<number> = new Set(), tries = TRIES): Promise<number> {
  const last = wanted === 0 ? 0 : Math.min(wanted + tries - 1, 65_535);
  for (let port = wanted; port <= last; port++) {
    const free = taken.has(port) ? undefined : await listenOnce(port);
    if (free !== undefined) return free;
  }
  throw new Error(
    `all ports from ${wanted} to ${last} are in use at 127.0.0.1: end one of the programs that hold them`,
  );
}

/** The port, where it could be listened on. */
function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(undefined));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const { port: found } = probe.address() as AddressInfo;
      probe.close(() => resolve(found));
    });
  });
}
