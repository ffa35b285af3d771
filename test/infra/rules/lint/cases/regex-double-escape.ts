import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host matches "example\\\\.com"', finds: ['"example\\\\.com"'] },
  { expression: 'http.host matches "example\\.com"', finds: [] },
  { expression: 'http.host matches r"^\\d+\\.com"', finds: [] },
];
