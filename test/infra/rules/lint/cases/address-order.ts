import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "ip.src gt 203.0.113.1", finds: ["gt"] },
  { expression: "ip.src ne 203.0.113.1", finds: [] },
];
