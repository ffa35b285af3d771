import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "ip.src eq ::ffff:203.0.113.1", finds: ["::ffff:203.0.113.1"] },
  { expression: "ip.src eq 203.0.113.1 or ip.src eq 2001:db8::1", finds: [] },
];
