import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: [""], rule: { action: "skip" } },
  { finds: ['{"phases":[]}'], rule: { action: "skip", action_parameters: { phases: [] } } },
  { finds: [], rule: { action: "skip", action_parameters: { products: ["bic"] } } },
];
