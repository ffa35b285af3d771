import type { Lint } from "../lint.ts";

export const rateLimitMissingKey: Lint = {
  name: "rate-limit-missing-key",
  severity: "hint",
  about: "Requests without the header, cookie or argument of a characteristic share one counter.",
  *inRule({ rule, expression }) {
    for (const one of rule.ratelimit?.characteristics ?? []) {
      const key = /^http\.request\.(?:headers|cookies|uri\.args)\["[^"]+"\]/.exec(one)?.[0];
      if (!key || expression.text.includes(key)) continue;
      yield {
        property: "ratelimit.characteristics",
        message: `all requests without ${key} share one counter`,
        hint: `where they are not meant, add to the expression: len(${key}) gt 0`,
      };
    }
  },
};
