import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: "ip.src in $nobody",
    finds: ["ip.src in $nobody"],
    lists: { office: { kind: "ip", items: ["203.0.113.1"] } },
  },
  { expression: "ip.src in $cf.vpn", finds: ["ip.src in $cf.vpn"], plan: "pro" },
  { expression: "ip.src in $cf.mail", finds: ["ip.src in $cf.mail"] },
  { expression: "ip.src in $cf.vpn", finds: [] },
  { expression: "ip.src in $office", finds: [], lists: { office: { kind: "ip", items: ["203.0.113.1"] } } },
  { expression: "ip.src in $anything", finds: [] },
];
