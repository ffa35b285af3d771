import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: "http.host in $office",
    finds: ["http.host in $office"],
    lists: { office: { kind: "ip", items: ["203.0.113.1"] } },
  },
  { expression: "ip.src in $office", finds: [], lists: { office: { kind: "ip", items: ["203.0.113.1"] } } },
];
