import { isIP, SocketAddress } from "node:net";

/**
 * The network of a client, by which limits and throttles count: an IPv4 address, or the /64 of an IPv6 address. A
 * customer gets a whole /64 at least (RFC 6177), and can send from each address in it.
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const groups = expand(address.split("%")[0] ?? address);
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/**
 * The block of addresses around a client's network, an IPv4 /24 or an IPv6 /48: one customer often has all of it (RFC
 * 6177).
 */
export function blockOf(address: string): string {
  if (isIP(address) === 4) return `${address.slice(0, address.lastIndexOf("."))}.0/24`;
  if (isIP(address) !== 6) return address;
  return `${expand(address.split("%")[0] ?? address)
    .slice(0, 3)
    .join(":")}::/48`;
}

/** The eight groups of an IPv6 address. */
function expand(address: string): string[] {
  const canonical = new SocketAddress({ address, family: "ipv6" }).address;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(canonical);
  const text = dotted ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}` : canonical;
  const [head = "", tail] = text.split("::");
  const left = head.split(":").filter(Boolean);
  const right = (tail ?? "").split(":").filter(Boolean);
  return tail === undefined
    ? left
    : [...left, ...new Array<string>(8 - left.length - right.length).fill("0"), ...right];
}

/** Two decimal bytes of an IPv4 address as one group of an IPv6 address. */
function hex(high: string | undefined, low: string | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}
