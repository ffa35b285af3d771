import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["61"], limit: { period: 61 } },
  { finds: ["60"], plan: "free", limit: { period: 60 } },
  { finds: ["15"], limit: { period: 15 } },
  { finds: [], plan: "free", limit: { period: 10 } },
];
