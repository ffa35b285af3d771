import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: "cf.bot_management.score lt 300", finds: ["300"] },
  { expression: "cf.edge.server_port in {80 70000}", finds: ["{80 70000}"] },
  { expression: "http.request.timestamp.sec gt 1700000000000", finds: ["1700000000000"] },
  {
    expression:
      "cf.bot_management.score lt 30 and http.request.timestamp.sec gt 1700000000 and cf.edge.server_port eq 443",
    finds: [],
  },
  {
    expression: "http.request.timestamp.msec & 4096 or http.request.timestamp.msec gt cf.bot_management.score",
    finds: [],
  },
];
