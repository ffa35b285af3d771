import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: [""], lists: { office: { kind: "ip", items: ["203.0.113.1/24"] } } },
  { finds: [""], lists: { "Office-1": { kind: "ip", items: ["203.0.113.1"] } } },
  { finds: [""], lists: { a: { kind: "ip", items: ["203.0.113.1", "203.0.113.0/24"] } } },
  { finds: [""], lists: { a: { kind: "asn", items: ["13335", "13335"] } } },
  {
    finds: ["", ""],
    plan: "free",
    lists: { a: { kind: "hostname", items: ["example.com"] }, b: { kind: "ip", items: [] } },
  },
  {
    finds: [],
    lists: {
      a: { kind: "hostname", items: ["*.example.com", "example.com"] },
      b: { kind: "ip", items: ["203.0.113.1", "2001:db8::/32"] },
      c: { kind: "asn", items: ["13335"] },
    },
  },
  {
    finds: [""],
    plan: "free",
    lists: {
      a: {
        kind: "ip",
        items: Array.from({ length: 10_001 }, (_, i) => `203.${i >> 14}.${(i >> 7) & 127}.${2 * (i & 127)}`),
      },
    },
  },
  {
    finds: [],
    lists: { a: { kind: "ip", items: ["2001:db8::/48", "2001:db8:1::/48", "203.0.113.0/25", "203.0.113.128/25"] } },
  },
];
