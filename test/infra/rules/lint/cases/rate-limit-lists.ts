import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["true"], expression: "ip.src in $office", limit: { requests_to_origin: true } },
  {
    finds: ["ip.src in $office and http.response.code eq 401"],
    limit: { counting_expression: "ip.src in $office and http.response.code eq 401" },
  },
  { finds: [], expression: "ip.src in $office", limit: { requests_to_origin: false } },
];
