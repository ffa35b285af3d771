import { isIP, SocketAddress } from "node:net";

/**
 * The part of an IP address that one customer cannot change: what limits and throttles count by. IPv6: its /64 (RFC
 * 6177).
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const groups = expand(address.split("%")[0] ?? address);
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/**
 * The block of addresses that a network is part of and that one holder often has whole: an IPv4 /24, an IPv6 /48 (RFC
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

function hex(high: string | undefined, low: string | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}
