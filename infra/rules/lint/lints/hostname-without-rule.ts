import { hostsIn, isServed } from "../hostnames.ts";
import type { Lint } from "../lint.ts";

export const hostnameWithoutRule: Lint = {
  name: "hostname-without-rule",
  severity: "hint",
  about: "The tunnel serves a host that no custom rule is for, although other hosts have rules.",
  *inPolicy({ rules, input: { hostnames = [] } }) {
    const custom = rules.filter(
      ({ phase, rule }) => phase === "http_request_firewall_custom" && rule.enabled !== false,
    );
    // A rule that names no host is for all of them.
    if (custom.length === 0 || custom.some(({ expression }) => hostsIn(expression).length === 0)) return;
    const named = custom.flatMap(({ expression }) => hostsIn(expression));
    for (const host of hostnames) {
      if (named.some((one) => isServed(one, [host]))) continue;
      yield { property: "hostnames", message: `no custom rule is for ${host}, which the tunnel serves` };
    }
  },
};
