import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ['{"phases":["http_ratelimit"]}'],
    rules: [
      { expression: "ip.src eq 203.0.113.1", action: "skip", action_parameters: { phases: ["http_ratelimit"] } },
      {},
    ],
  },
  {
    finds: [],
    rules: [
      {
        expression: "ip.src eq 203.0.113.1",
        action: "skip",
        action_parameters: { phases: ["http_ratelimit"], ruleset: "current" },
      },
      {},
    ],
  },
  {
    finds: [],
    rules: [{ expression: "ip.src eq 203.0.113.1", action: "skip", action_parameters: { phases: ["http_ratelimit"] } }],
  },
  {
    finds: [],
    rules: [
      { expression: "ip.src eq 203.0.113.1", action: "skip", action_parameters: { products: ["bic"] } },
      { enabled: false },
    ],
  },
];
