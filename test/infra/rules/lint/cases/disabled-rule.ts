import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["false"], rule: { enabled: false } },
  { finds: [], rule: { enabled: true } },
];
