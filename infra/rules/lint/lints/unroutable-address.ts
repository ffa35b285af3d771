import { addressLiterals, networkName, within } from "../addresses.ts";
import type { Lint } from "../lint.ts";
import { comparisons, plainField } from "../visit.ts";

// https://www.iana.org/assignments/iana-ipv4-special-registry/ and ipv6-special-registry
const unroutable: readonly (readonly [network: string, what: string])[] = [
  ["0.0.0.0/8", "this network"],
  ["10.0.0.0/8", "private"],
  ["100.64.0.0/10", "carrier-grade NAT"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["172.16.0.0/12", "private"],
  ["192.168.0.0/16", "private"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
  ["::/128", "unspecified"],
  ["::1/128", "loopback"],
  ["fc00::/7", "private"],
  ["fe80::/10", "link-local"],
  ["ff00::/8", "multicast"],
];

export const unroutableAddress: Lint = {
  name: "unroutable-address",
  severity: "warning",
  about: "No visitor reaches Cloudflare from a private, loopback or reserved address.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      if (plainField(compared.left) !== "ip.src") continue;
      for (const { range, span } of addressLiterals(compared)) {
        const found = unroutable.find(([network]) => within(range, network));
        if (found)
          yield { span, message: `${networkName(range)} is ${found[1]}: no visitor reaches Cloudflare from there` };
      }
    }
  },
};
