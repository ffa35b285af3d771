import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ["current"],
    rules: [{}, { expression: "ip.src eq 203.0.113.1", action: "skip", action_parameters: { ruleset: "current" } }],
  },
  {
    finds: [],
    rules: [{ expression: "ip.src eq 203.0.113.1", action: "skip", action_parameters: { ruleset: "current" } }, {}],
  },
  {
    finds: [],
    rules: [
      {},
      { expression: "ip.src eq 203.0.113.1", action: "skip", action_parameters: { ruleset: "current" } },
      { expression: "not ssl" },
    ],
  },
];
