import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["same"], rules: [{ ref: "same" }, { ref: "same", expression: "not ssl" }] },
  { finds: [], rules: [{ ref: "one" }, { ref: "two", expression: "not ssl" }] },
];
