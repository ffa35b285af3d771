import { hostsIn, isServed } from "../hostnames.ts";
import type { Lint } from "../lint.ts";

export const hostnameNotServed: Lint = {
  name: "hostname-not-served",
  severity: "warning",
  about: "A rule is for a host that the tunnel's ingress does not serve.",
  *inPolicy({ rules, input: { hostnames } }) {
    if (!hostnames) return;
    for (const rule of rules) {
      const hosts = new Set(hostsIn(rule.expression));
      const strange = [...hosts].filter((host) => !isServed(host, hostnames));
      if (strange.length === 0) continue;
      yield {
        rule,
        property: "expression",
        message: `the tunnel does not serve ${strange.join(", ")}`,
        hint: `it serves ${hostnames.join(", ")}`,
      };
    }
  },
};
