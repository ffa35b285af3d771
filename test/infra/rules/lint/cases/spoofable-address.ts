import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.x_forwarded_for contains "203.0.113.1"', finds: ["http.x_forwarded_for"] },
  {
    expression: 'any(http.request.headers["cf-connecting-ip"][*] eq "203.0.113.1")',
    finds: ['http.request.headers["cf-connecting-ip"][*]'],
  },
  { expression: 'ip.src eq 203.0.113.1 and any(http.request.headers["accept"][*] eq "x")', finds: [] },
];
