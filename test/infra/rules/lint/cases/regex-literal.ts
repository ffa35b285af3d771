import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: 'http.request.uri.path matches "^/admin$"',
    finds: ['http.request.uri.path matches "^/admin$"'],
    fixed: 'http.request.uri.path eq "/admin"',
  },
  {
    expression: 'http.host matches "\\.example\\.com$"',
    finds: ['http.host matches "\\.example\\.com$"'],
    fixed: 'ends_with(http.host, ".example.com")',
  },
  {
    expression: 'http.user_agent matches "bot"',
    finds: ['http.user_agent matches "bot"'],
    fixed: 'http.user_agent contains "bot"',
  },
  { expression: 'http.user_agent matches "(?i)bot" or http.user_agent matches "bots?"', finds: [] },
];
