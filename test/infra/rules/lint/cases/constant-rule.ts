import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "true", finds: ["true"] },
  { expression: "http.host in {}", finds: ["http.host in {}"] },
  { expression: "ssl or not not true", finds: ["ssl or not not true"] },
  { expression: "ssl and true", finds: [] },
  { expression: "ssl", finds: [] },
  { expression: "not true and ssl", finds: ["not true and ssl"] },
  { expression: "ssl xor true", finds: [] },
];
