import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "not ip.src in {173.245.48.0/20 203.0.113.0/24}", finds: ["173.245.48.0/20"] },
  { expression: "ip.src eq 203.0.113.1", finds: [] },
];
