import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host matches "^(a+)+$"', finds: ['"^(a+)+$"'] },
  { expression: 'http.host matches "^\\d+\\.example\\.com$"', finds: [] },
];
