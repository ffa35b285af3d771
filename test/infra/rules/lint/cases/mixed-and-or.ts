import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: 'ssl or http.host eq "a" and http.host ne "b"',
    finds: ['http.host eq "a" and http.host ne "b"'],
    fixed: 'ssl or (http.host eq "a" and http.host ne "b")',
  },
  { expression: 'ssl or (http.host eq "a" and http.host ne "b")', finds: [] },
];
