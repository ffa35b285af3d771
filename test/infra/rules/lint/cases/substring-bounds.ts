import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'substring(http.host, 4, 2) eq "a"', finds: ["substring(http.host, 4, 2)"] },
  {
    expression:
      'substring(http.host, 2, 4) eq "a" and substring(http.host, 2, -1) eq "b" and substring(http.host, 3) eq "c"',
    finds: [],
  },
];
