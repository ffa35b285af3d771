import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "cf.threat_score gt 10", finds: ["cf.threat_score"] },
  { expression: "cf.bot_management.score lt 10", finds: [] },
];
