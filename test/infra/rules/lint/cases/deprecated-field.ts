import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'ip.geoip.country eq "DE"', finds: ["ip.geoip.country"], fixed: 'ip.src.country eq "DE"' },
  { expression: 'ip.src.country eq "DE"', finds: [] },
];
