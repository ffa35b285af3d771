import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.request.uri.path eq "/a?b=1"', finds: ['"/a?b=1"'] },
  { expression: 'http.request.uri.path in {"admin" "/admin"}', finds: ['"admin"'] },
  { expression: 'http.request.uri.query eq "?a=1"', finds: ['"?a=1"'] },
  {
    expression:
      'http.request.uri.path eq "/a" and http.request.uri contains "?a" and http.request.uri.path contains "admin" and http.request.uri.path wildcard "*/x"',
    finds: [],
  },
];
