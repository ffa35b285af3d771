import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { networkOf } from "../../throttle/network.ts";

/** The client of a request. */
export interface Client {
  /** IP address; IPv4 in IPv6 is written as IPv4. */
  readonly address: string;
  /** The key of all limits for an address: the IPv4 address, or the IPv6 /64. */
  readonly key: string;
  /** Cloudflare's id of the request; absent when it did not come through Cloudflare. */
  readonly ray: string | undefined;
}

const RAY = /^[0-9a-f]{16}(?:-[A-Z]{3})?$/;

/**
 * Returns whether an address is a trusted peer, whose `CF-Connecting-IP` is believed: the connector, on the loopback or
 * in one of these networks (CIDR).
 */
export function trustedPeers(networks: readonly string[]): (address: string) => boolean {
  const peers = new BlockList();
  peers.addSubnet("127.0.0.0", 8, "ipv4");
  peers.addAddress("::1", "ipv6");
  for (const network of networks) {
    const [base = "", bits = ""] = network.split("/");
    peers.addSubnet(base, Number(bits), isIP(base) === 6 ? "ipv6" : "ipv4");
  }
  return (address) => peers.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/**
 * Reads the clients of requests. `CF-Connecting-IP` counts only when the peer of the connection is trusted; any other
 * client can write that header too, and then `ignored` is called. Undefined when the connection was reset before its
 * peer was read: then no client waits for a response.
 */
export function clientReader(
  isTrusted: (address: string) => boolean,
  ignored: (peer: string, visitor: string) => void = () => undefined,
): (request: IncomingMessage) => Client | undefined {
  // one connection carries many requests, and its peer stays the same
  const known = new WeakMap<object, { readonly client: Client; readonly trusted: boolean }>();

  return (request) => {
    const { socket, headers } = request;
    let peer = known.get(socket);
    if (!peer) {
      if (socket.remoteAddress === undefined) return undefined;
      const address = plainAddress(socket.remoteAddress);
      peer = { client: { address, key: networkOf(address), ray: undefined }, trusted: isTrusted(address) };
      known.set(socket, peer);
    }
    const header = headers["cf-connecting-ip"];
    const claimedAddress = peer.trusted ? header : undefined;
    const ray = peer.trusted ? headers["cf-ray"] : undefined;
    removeClaims(headers);
    if (claimedAddress === undefined && ray === undefined) {
      if (typeof header === "string" && isIP(header)) ignored(peer.client.address, header);
      return peer.client;
    }
    const address =
      typeof claimedAddress === "string" && isIP(claimedAddress) ? plainAddress(claimedAddress) : peer.client.address;
    return { address, key: networkOf(address), ray: typeof ray === "string" && RAY.test(ray) ? ray : undefined };
  };
}

/**
 * Removes the headers by which a client could claim another address. Each name stands in the code by itself, because V8
 * finds a constant name in a nanosecond, and one from a list in twenty.
 */
function removeClaims(headers: IncomingHttpHeaders): void {
  if (headers["cf-connecting-ip"] !== undefined) delete headers["cf-connecting-ip"];
  if (headers["cf-connecting-ipv6"] !== undefined) delete headers["cf-connecting-ipv6"];
  if (headers["cf-pseudo-ipv4"] !== undefined) delete headers["cf-pseudo-ipv4"];
  if (headers["true-client-ip"] !== undefined) delete headers["true-client-ip"];
  if (headers["x-real-ip"] !== undefined) delete headers["x-real-ip"];
  if (headers["x-client-ip"] !== undefined) delete headers["x-client-ip"];
  if (headers["x-forwarded-for"] !== undefined) delete headers["x-forwarded-for"];
  if (headers.forwarded !== undefined) delete headers.forwarded;
}

/** An IP address, where IPv4 in IPv6 is written as IPv4. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
