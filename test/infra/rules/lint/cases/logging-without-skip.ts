import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ['{"enabled":true}'], rule: { logging: { enabled: true } } },
  { finds: [], rule: { action: "skip", action_parameters: { ruleset: "current" }, logging: { enabled: true } } },
];
