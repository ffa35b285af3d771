import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.request.uri.path matches "^/a\\?b"', finds: ['"^/a\\?b"'] },
  { expression: 'http.request.uri.path matches "^/ab?$"', finds: [] },
  { expression: 'http.request.uri matches "\\?b"', finds: [] },
];
