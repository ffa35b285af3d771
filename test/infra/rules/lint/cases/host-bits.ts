import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "ip.src in {203.0.113.7/24}", finds: ["203.0.113.7/24"], fixed: "ip.src in {203.0.113.0/24}" },
  {
    expression: "ip.src in {2001:db8::1/32 198.51.100.1}",
    finds: ["2001:db8::1/32"],
    fixed: "ip.src in {2001:db8::/32 198.51.100.1}",
  },
  { expression: "ip.src in {203.0.113.0/24}", finds: [] },
];
