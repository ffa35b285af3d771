import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "ip.src in {203.0.113.0/24 203.0.113.7}", finds: ["{203.0.113.0/24 203.0.113.7}"] },
  { expression: "cf.edge.server_port in {80 443 8000..9000 8080}", finds: ["{80 443 8000..9000 8080}"] },
  { expression: "ip.src in {203.0.113.0/24 198.51.100.7} and cf.edge.server_port in {80 81..90}", finds: [] },
];
