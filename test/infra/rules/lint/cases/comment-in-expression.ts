import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "ssl # only https", finds: ["# only https"], fixed: "ssl " },
  { expression: "ssl // only https\nand true", finds: ["// only https"], fixed: "ssl \nand true" },
  { expression: 'http.host eq "#"', finds: [] },
];
