import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'raw.http.request.uri.path eq "/admin"', finds: ["raw.http.request.uri.path"] },
  { expression: 'http.request.uri.path eq "/admin" or raw.http.request.uri.path ne http.request.uri.path', finds: [] },
];
