import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "cf.edge.server_port eq 0443", finds: ["0443"] },
  { expression: "cf.edge.server_port in {010 8}", finds: ["010"] },
  { expression: "cf.edge.server_port in {0 8 0x10}", finds: [] },
];
