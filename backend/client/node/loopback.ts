import type { LookupAddress, LookupOptions } from "node:dns";

/** Both loopback addresses; the local edge listens on the first. */
const ADDRESSES: readonly LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

/** Whether a hostname is `localhost` or a name below it, which always mean this machine (RFC 6761 6.3). */
export function isLoopbackName(hostname: string): boolean {
  return /(?:^|\.)localhost\.?$/i.test(hostname);
}

type LookupCallback = (error: null, address: string | LookupAddress[], family?: number) => void;

/**
 * Resolves every name to the loopback addresses, without a resolver: a `lookup` for `node:net`. Browsers do the same
 * for names below `localhost`, and many resolvers do not. `Host` and SNI keep the name.
 */
export function lookupLoopback(_hostname: string, { family, all }: LookupOptions, callback: LookupCallback): void {
  const wantedFamily = family === 6 || family === "IPv6" ? 6 : family === 4 || family === "IPv4" ? 4 : undefined;
  const addresses = ADDRESSES.filter((one) => wantedFamily === undefined || one.family === wantedFamily);
  const [first] = addresses;
  if (!first) throw new Error("invariant: there is a loopback address of each family");
  if (all) callback(null, addresses);
  else callback(null, first.address, first.family);
}
