import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'any(http.request.headers["a"][*] ne "x")', finds: ['http.request.headers["a"][*] ne "x"'] },
  { expression: 'not any(http.request.headers["a"][*] eq "x") and http.host ne "a"', finds: [] },
];
