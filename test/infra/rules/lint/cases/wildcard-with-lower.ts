import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: 'lower(http.host) wildcard "*.example.com"',
    finds: ["lower(http.host)"],
    fixed: 'http.host wildcard "*.example.com"',
  },
  { expression: 'lower(http.host) strict wildcard "*.example.com"', finds: [] },
  { expression: 'remove_bytes(http.host, "-") wildcard "a*"', finds: [] },
];
