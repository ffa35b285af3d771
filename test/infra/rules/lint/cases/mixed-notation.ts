import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'ssl and http.host == "a"', finds: ["=="] },
  { expression: 'ssl and http.host eq "a && b"', finds: [] },
  { expression: 'ssl && http.host == "a and b"', finds: [] },
];
