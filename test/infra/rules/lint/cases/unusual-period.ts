import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["15"], limit: { period: 15 } },
  { finds: [], limit: { period: 61 } },
  { finds: [], plan: "free", limit: { period: 10 } },
];
