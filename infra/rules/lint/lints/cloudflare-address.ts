import { addressLiterals, networkName, within } from "../addresses.ts";
import { CLOUDFLARE_NETWORKS } from "../cloudflare-networks.ts";
import type { Lint } from "../lint.ts";
import { comparisons, plainField } from "../visit.ts";

const networks = [...CLOUDFLARE_NETWORKS.ipv4, ...CLOUDFLARE_NETWORKS.ipv6];

export const cloudflareAddress: Lint = {
  name: "cloudflare-address",
  severity: "warning",
  about: "At the edge ip.src is the visitor; Cloudflare's own addresses are what the origin sees.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      if (plainField(compared.left) !== "ip.src") continue;
      for (const { range, span } of addressLiterals(compared)) {
        if (!networks.some((network) => within(range, network))) continue;
        yield {
          span,
          message: `${networkName(range)} is Cloudflare's own; ip.src is the visitor's address`,
          hint: "behind the tunnel every request to the origin comes through Cloudflare: there is nothing to allow",
        };
      }
    }
  },
};
