import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: 'http.request.method in {"get" "POST"}',
    finds: ['"get"'],
    fixed: 'http.request.method in {"GET" "POST"}',
  },
  { expression: 'http.request.method eq "GET"', finds: [] },
];
