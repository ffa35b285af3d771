import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'ssl and\thttp.host eq "a\tb"', finds: ["\t"], fixed: 'ssl and http.host eq "a\tb"' },
  { expression: 'ssl and http.host eq "a\tb"', finds: [] },
  { expression: "\tssl\t", finds: [] },
];
