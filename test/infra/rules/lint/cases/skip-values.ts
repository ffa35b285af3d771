import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ['["http_request_firewall_custom"]'],
    rule: { action: "skip", action_parameters: { phases: ["http_request_firewall_custom"] } },
  },
  { finds: ['["BIC"]', "all"], rule: { action: "skip", action_parameters: { products: ["BIC"], ruleset: "all" } } },
  // A value that cannot be turned into text must not stop the lint.
  {
    finds: ['{"toString":1}'],
    rule: { action: "skip", action_parameters: { products: { toString: 1 } } },
  },
  {
    finds: [],
    rule: {
      action: "skip",
      action_parameters: {
        products: ["bic", "uaBlock"],
        ruleset: "current",
        phase: "current",
        phases: ["http_ratelimit"],
      },
    },
  },
];
