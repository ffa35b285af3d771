import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: 'any(http.request.headers["X-Foo"][*] eq "a")',
    finds: ['["X-Foo"]'],
    fixed: 'any(http.request.headers["x-foo"][*] eq "a")',
  },
  {
    expression: 'any(http.request.headers["x-foo"][*] eq "a") and any(http.request.cookies["Sid"][*] eq "a")',
    finds: [],
  },
];
