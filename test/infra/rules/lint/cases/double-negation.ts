import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "not not ssl", finds: ["not not ssl"], fixed: "ssl" },
  { expression: "not (not ssl)", finds: ["not (not ssl)"], fixed: "ssl" },
  { expression: "not ssl", finds: [] },
];
