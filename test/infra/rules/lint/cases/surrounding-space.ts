import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: " ssl\n", finds: [" ssl\n"], fixed: "ssl" },
  { expression: "ssl", finds: [] },
];
