import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: 'http.host strict wildcard "example.com"',
    finds: ["strict wildcard"],
    fixed: 'http.host eq "example.com"',
  },
  { expression: 'http.host wildcard "example.com"', finds: ["wildcard"] },
  { expression: 'http.host wildcard "*.example.com"', finds: [] },
];
