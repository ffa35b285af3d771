import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "ssl and http.host in {}", finds: ["{}"] },
  { expression: 'http.host in {"a"}', finds: [] },
];
