import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: 'lower(http.host) eq "Example.com"',
    finds: ['"Example.com"'],
    fixed: 'lower(http.host) eq "example.com"',
  },
  { expression: 'upper(http.host) in {"a" "B"}', finds: ['"a"'], fixed: 'upper(http.host) in {"A" "B"}' },
  { expression: 'lower(http.host) contains r"A"', finds: ['r"A"'] },
  { expression: 'lower(http.host) wildcard "A*"', finds: [] },
  { expression: 'lower(http.host) eq "example.com"', finds: [] },
];
