import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host in {"a", "b,c","d"}', finds: [","], fixed: 'http.host in {"a" "b,c" "d"}' },
  { expression: 'http.host in {"a,b" "c"}', finds: [] },
  { expression: "ssl, true", finds: [] },
];
