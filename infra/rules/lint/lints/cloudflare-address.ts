import { addressLiterals, networkName, within } from "../addresses.ts";
import type { Lint } from "../lint.ts";
import { comparisons, plainField } from "../visit.ts";

// https://www.cloudflare.com/ips/, as of 2026-11
const cloudflare = [
  "173.245.48.0/20",
  "103.21.244.0/22",
  "103.22.200.0/22",
  "103.31.4.0/22",
  "141.101.64.0/18",
  "108.162.192.0/18",
  "190.93.240.0/20",
  "188.114.96.0/20",
  "197.234.240.0/22",
  "198.41.128.0/17",
  "162.158.0.0/15",
  "104.16.0.0/13",
  "104.24.0.0/14",
  "172.64.0.0/13",
  "131.0.72.0/22",
  "2400:cb00::/32",
  "2606:4700::/32",
  "2803:f800::/32",
  "2405:b500::/32",
  "2405:8100::/32",
  "2a06:98c0::/29",
  "2c0f:f248::/32",
];

export const cloudflareAddress: Lint = {
  name: "cloudflare-address",
  severity: "warning",
  about: "At the edge ip.src is the visitor; Cloudflare's own addresses are what the origin sees.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      if (plainField(compared.left) !== "ip.src") continue;
      for (const { range, span } of addressLiterals(compared)) {
        if (!cloudflare.some((network) => within(range, network))) continue;
        yield {
          span,
          message: `${networkName(range)} is Cloudflare's own; ip.src is the visitor's address`,
          hint: "behind the tunnel every request to the origin comes through Cloudflare: there is nothing to allow",
        };
      }
    }
  },
};
