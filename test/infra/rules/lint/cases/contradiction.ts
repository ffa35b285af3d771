import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host eq "a" and http.host eq "b"', finds: ['http.host eq "b"'] },
  {
    expression: "cf.edge.server_port lt 80 and ssl and cf.edge.server_port gt 443",
    finds: ["cf.edge.server_port gt 443"],
  },
  { expression: 'http.host in {"a"} and not http.host eq "a"', finds: ['not http.host eq "a"'] },
  { expression: 'http.host eq "a" or http.host eq "b"', finds: [] },
  { expression: "cf.edge.server_port gt 80 and cf.edge.server_port lt 443", finds: [] },
  { expression: 'http.host ne "a" and http.host ne "b"', finds: [] },
];
