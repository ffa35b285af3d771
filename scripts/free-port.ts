import { createServer } from "node:net";

/**
 * The first port at or after `wanted` that can be listened on at 127.0.0.1, at most `tries` ports on.
 *
 * @throws Error naming the range when all are taken
 */
export async function freePort(wanted: number, tries = 100): Promise<number> {
  for (let port = wanted; port < wanted + tries; port++) if (await isFree(port)) return port;
  throw new Error(
    `all ports from ${wanted} to ${wanted + tries - 1} are in use at 127.0.0.1: end one of the programs that hold them`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
