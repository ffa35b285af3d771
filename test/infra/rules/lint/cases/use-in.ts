import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: 'http.host eq "a" or http.host eq "b" or http.host eq "c"',
    finds: ['http.host eq "a" or http.host eq "b" or http.host eq "c"'],
    fixed: 'http.host in {"a" "b" "c"}',
  },
  { expression: 'http.host eq "a" or http.host eq "b"', finds: [] },
  { expression: 'http.host eq "a" or http.host eq "b" or http.referer eq "c"', finds: [] },
];
