import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host in {"a" "b" "a"}', finds: ['"a"'], fixed: 'http.host in {"a" "b"}' },
  { expression: "ip.src in {203.0.113.1 203.0.113.1}", finds: ["203.0.113.1"], fixed: "ip.src in {203.0.113.1}" },
  { expression: 'http.host in {"a" "A"}', finds: [] },
];
