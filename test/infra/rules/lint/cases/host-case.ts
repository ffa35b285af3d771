import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host eq "example.com"', finds: ["http.host"] },
  { expression: 'lower(http.host) eq "example.com" or http.host wildcard "*.example.com"', finds: [] },
];
