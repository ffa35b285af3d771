import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["rewrite"], rule: { action: "rewrite" } },
  { finds: ["skip"], phase: "http_ratelimit", rule: { action: "skip", action_parameters: { ruleset: "current" } } },
  { finds: [], rule: { action: "managed_challenge" } },
];
