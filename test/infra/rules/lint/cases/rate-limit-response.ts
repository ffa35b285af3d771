import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["http.response.code eq 401"], limit: { counting_expression: "http.response.code eq 401" } },
  { finds: [], limit: { counting_expression: "ssl" } },
];
