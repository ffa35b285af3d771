import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["log"], plan: "business", rule: { action: "log" } },
  { finds: [], plan: "enterprise", rule: { action: "log" } },
  { finds: [], plan: "free" },
];
