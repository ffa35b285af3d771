import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host matches ".*"', finds: ['".*"'] },
  { expression: 'http.host contains ""', finds: ['""'] },
  { expression: 'http.host wildcard "*"', finds: ['"*"'] },
  { expression: 'http.host matches "(a|b)*"', finds: ['"(a|b)*"'] },
  { expression: 'http.host matches "^$" and http.host matches "a.*" and http.host wildcard "a*"', finds: [] },
];
