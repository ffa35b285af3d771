import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host ne "a" or http.host ne "b"', finds: ['http.host ne "b"'] },
  { expression: "cf.edge.server_port ge 80 or cf.edge.server_port lt 443", finds: ["cf.edge.server_port lt 443"] },
  { expression: 'http.request.headers["a"][0] ne "1" or http.request.headers["a"][0] ne "2"', finds: [] },
  { expression: 'http.host ne "a" and http.host ne "b"', finds: [] },
];
