import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["http.host"], plan: "free", expression: 'http.host eq "a.example"', limit: {} },
  { finds: [], plan: "pro", expression: 'http.host eq "a.example"', limit: {} },
  { finds: [], plan: "free", expression: 'http.host eq "a.example"' },
  {
    finds: [],
    plan: "business",
    expression: 'http.request.uri.path eq "/a"',
    limit: { counting_expression: "http.response.code eq 401" },
  },
];
