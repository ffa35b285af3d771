import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["not  ssl"], rules: [{ expression: "not ssl" }, { expression: "not  ssl" }] },
  { finds: [], rules: [{ expression: "not ssl" }, { expression: "not ssl", action: "managed_challenge" }] },
];
