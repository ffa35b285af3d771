import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: 'any(http.request.headers["a"][*] == "x" or http.request.headers["b"][*] == "(")',
    finds: ["or"],
    fixed: 'any((http.request.headers["a"][*] == "x" or http.request.headers["b"][*] == "("))',
  },
  { expression: 'any((http.request.headers["a"][*] == "x" or http.request.headers["b"][*] == "y"))', finds: [] },
  // Where the call is never closed, the place of the parentheses is not known.
  { expression: 'any(http.request.headers["a"][*] == "x" or ssl', finds: [] },
];
