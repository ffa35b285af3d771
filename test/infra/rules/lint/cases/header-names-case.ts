import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'any(http.request.headers.names[*] == "x-foo")', finds: ["http.request.headers.names[*]"] },
  { expression: 'any(lower(http.request.headers.names[*])[*] == "x-foo")', finds: [] },
  { expression: 'any(http.request.headers.names[*] wildcard "X-*")', finds: [] },
  { expression: 'any(http.request.headers.names[*] eq "1")', finds: [] },
];
