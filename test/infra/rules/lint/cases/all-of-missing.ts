import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'all(http.request.headers["a"][*] eq "x")', finds: ['all(http.request.headers["a"][*] eq "x")'] },
  { expression: 'len(http.request.headers["a"]) gt 0 and all(http.request.headers["a"][*] eq "x")', finds: [] },
  { expression: 'any(http.request.headers["a"][*] eq "x")', finds: [] },
];
