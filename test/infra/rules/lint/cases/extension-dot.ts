import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: 'http.request.uri.path.extension in {".php" "JS" "css"}',
    finds: ['".php"', '"JS"'],
    fixed: 'http.request.uri.path.extension in {"php" "JS" "css"}',
  },
  { expression: 'http.request.uri.path.extension eq "php"', finds: [] },
];
