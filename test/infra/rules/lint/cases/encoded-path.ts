import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.request.uri.path contains "%2e%2e"', finds: ['"%2e%2e"'] },
  { expression: 'http.request.uri.path contains "%20" and raw.http.request.uri.path contains "%2e"', finds: [] },
];
