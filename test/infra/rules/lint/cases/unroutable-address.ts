import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "ip.src in {10.1.2.0/24 203.0.113.1 fd00::1}", finds: ["10.1.2.0/24", "fd00::1"] },
  { expression: "ip.src eq 127.0.0.1", finds: ["127.0.0.1"] },
  { expression: "ip.src in {203.0.113.1 0.0.0.0/0}", finds: [] },
];
