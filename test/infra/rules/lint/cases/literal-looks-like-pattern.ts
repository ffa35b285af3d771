import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.request.uri.path eq "^/admin"', finds: ['"^/admin"'] },
  { expression: 'http.user_agent contains "bot.*"', finds: ['"bot.*"'] },
  { expression: 'http.request.uri.path eq "/admin/*"', finds: ['"/admin/*"'] },
  { expression: 'http.request.uri.path wildcard "/a?"', finds: ['"/a?"'] },
  { expression: 'http.request.uri.path wildcard "/admin/*" and http.user_agent contains "a+b"', finds: [] },
];
