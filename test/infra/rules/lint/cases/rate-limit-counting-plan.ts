import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["http.response.code eq 401"], plan: "pro", limit: { counting_expression: "http.response.code eq 401" } },
  { finds: [], plan: "business", limit: { counting_expression: "http.response.code eq 401" } },
  { finds: [], plan: "pro", limit: { counting_expression: "" } },
];
