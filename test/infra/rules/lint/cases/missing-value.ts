import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.request.headers["a"][0] ne "x"', finds: ['http.request.headers["a"][0] ne "x"'] },
  { expression: 'not http.request.headers["a"][0] eq "x"', finds: ['http.request.headers["a"][0] eq "x"'] },
  { expression: 'http.request.headers["a"][0] eq "x" and http.host ne "a" and not http.host eq "b"', finds: [] },
];
