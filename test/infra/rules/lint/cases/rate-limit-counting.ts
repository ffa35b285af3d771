import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ["http.response.code eq 401"],
    expression: 'http.request.uri.path eq "/login"',
    limit: { counting_expression: "http.response.code eq 401" },
  },
  {
    finds: [],
    expression: 'http.request.uri.path eq "/login"',
    limit: { counting_expression: 'http.request.uri.path eq "/login" and http.response.code eq 401' },
  },
  { finds: [], limit: {} },
];
