import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ["http.response.code eq 401"],
    expression: 'http.request.uri.path eq "/login"',
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
        counting_expression: "http.response.code eq 401",
      },
    },
  },
  {
    finds: [],
    expression: 'http.request.uri.path eq "/login"',
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
        counting_expression: 'http.request.uri.path eq "/login" and http.response.code eq 401',
      },
    },
  },
  {
    finds: [],
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
];
