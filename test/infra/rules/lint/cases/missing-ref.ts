import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: [""], rules: [{ ref: "" }] },
  { finds: [], rules: [{ ref: "a" }] },
];
